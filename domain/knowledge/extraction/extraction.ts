import type { TextFormat } from "../text/structure.ts";

/** What was read out of a file. That it cannot be read is an answer, not an error. */
export type Extraction =
  | { readonly readable: true; readonly text: string; readonly format: TextFormat }
  /** `reason` is a sentence for the person who added the file. */
  | { readonly readable: false; readonly reason: string };

export function unreadable(reason: string): Extraction {
  return { readable: false, reason };
}

/** The type without parameters, in lower case. */
export function mediaType(contentType: string): string {
  return contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
