import { MAX_DOCUMENT_CHARACTERS } from "../../domain/knowledge/document.ts";
import { normalisedText } from "../../domain/knowledge/text/normalise.ts";
import { formatOf, type TextFormat } from "../../domain/knowledge/text/structure.ts";

export type Extraction =
  | { readable: true; text: string; format: TextFormat }
  /** `reason` is a sentence for the person who added the document. */
  | { readable: false; reason: string };

/** The canonical text of a source. What cannot be read is an answer, not an error: the document fails with its reason. */
export function extractText(source: Uint8Array, contentType: string): Extraction {
  const type = mediaType(contentType);
  if (!type.startsWith("text/")) return unreadable(`Files of the type ${type} cannot be read.`);
  const decoded = decodedText(source, contentType);
  if (decoded === null) return unreadable("The file is not text in the encoding it claims.");
  if (decoded.includes("\0")) return unreadable("The file holds binary data, not text.");
  const text = normalisedText(decoded);
  if (text.trim() === "") return unreadable("The file holds no text.");
  if (text.length > MAX_DOCUMENT_CHARACTERS) {
    return unreadable(`The text has ${text.length} characters; a document may have ${MAX_DOCUMENT_CHARACTERS}.`);
  }
  return { readable: true, text, format: formatOf(type) };
}

export function mediaType(contentType: string): string {
  return contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function unreadable(reason: string): Extraction {
  return { readable: false, reason };
}

/** In the encoding of the byte order mark, else of the `charset`, else UTF-8; `null` when the bytes are not that. */
function decodedText(source: Uint8Array, contentType: string): string | null {
  const charset = byteOrderMark(source) ?? /charset="?([\w.:-]+)/i.exec(contentType)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: false }).decode(source);
  } catch {
    return null;
  }
}

function byteOrderMark([first, second]: Uint8Array): string | null {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return null;
}
