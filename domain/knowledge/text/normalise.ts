/** Characters that carry no text and would split words: NUL, soft hyphen, zero-width space and joiner marks, BOM. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is removed.
const INVISIBLE = /[\u0000\u00AD\u200B\u2060\uFEFF]/g;

/**
 * The canonical form that is stored, chunked and cited. It runs once, before the first offset exists, and is
 * idempotent: NFC, "\n" line ends, no invisible characters, no lone surrogates.
 */
export function normalisedText(raw: string): string {
  return raw
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(INVISIBLE, "")
    .normalize("NFC");
}
