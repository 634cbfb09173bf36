/** A committed file that is derived from the source and never edited. */
export interface GeneratedDocument {
  /** The file it becomes. */
  output: string;
  /** The file it is derived from. */
  source: string;
  render(): Promise<string>;
}
