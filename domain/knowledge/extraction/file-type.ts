// What a file is, by the type that it is said to have or, where none is told, by how it begins.
import { decodedText, hasControlCharacters } from "./decode.ts";
import { mediaType } from "./extraction.ts";

export const UNKNOWN_TYPE = "application/octet-stream";
export const PDF = "application/pdf";
export const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/** JSON, or a JSON text a line. */
export function isData(type: string): boolean {
  return type.endsWith("+json") || /^application\/(?:json|jsonl|jsonlines|ndjson|x-ndjson)$/.test(type);
}

export function isTable(type: string): boolean {
  return type === "text/csv" || type === "text/tab-separated-values";
}

/** Whether the bytes are what a person wrote: of `text/` every type, of `application/` those that are no less readable. */
export function isWritten(type: string): boolean {
  return (
    type.startsWith("text/") ||
    /^application\/(?:(?:x-)?(?:yaml|toml|sh|sql|tex|latex|javascript|typescript|subrip)|xml|[\w.-]+\+(?:xml|yaml))$/.test(
      type,
    )
  );
}

/** The type of a file: what is told, or else what it looks like; `UNKNOWN_TYPE` where it is no text either. */
export function apparentType(told: string, bytes: Uint8Array): string {
  if (![UNKNOWN_TYPE, ""].includes(mediaType(told))) return told;
  const start = Buffer.from(bytes.subarray(0, 1_024)).toString("latin1");
  if (start.startsWith("%PDF-")) return PDF;
  if (start.startsWith("PK\u0003\u0004")) return DOCX;
  const text = decodedText(bytes, null);
  if (text === null || hasControlCharacters(text)) return UNKNOWN_TYPE;
  return /^\s*<(?:!doctype html|html)[\s>]/i.test(text) ? "text/html" : "text/plain";
}
