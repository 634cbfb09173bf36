export interface ModelName {
  provider: string;
  /** As the provider knows it; may hold slashes of its own. */
  model: string;
}

/** Splits `provider/model` at the first slash; `null` for a name without one, which is that of a model route. */
export function parseModelName(name: string): ModelName | null {
  const slash = name.indexOf("/");
  if (slash <= 0 || slash === name.length - 1) return null;
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) };
}
