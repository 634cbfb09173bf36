export interface ChatModels {
  readonly placeholder?: never;
}
