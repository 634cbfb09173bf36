import { MAX_DOCUMENT_CHARACTERS } from "../../domain/knowledge/document.ts";
import { csvText, MAX_COLUMNS } from "../../domain/knowledge/extraction/csv.ts";
import { declaredCharset, decodedText, hasControlCharacters } from "../../domain/knowledge/extraction/decode.ts";
import { type Extraction, mediaType, unreadable } from "../../domain/knowledge/extraction/extraction.ts";
import { DOCX, isData, isTable, isWritten } from "../../domain/knowledge/extraction/file-type.ts";
import { jsonText } from "../../domain/knowledge/extraction/json.ts";
import { normalisedText } from "../../domain/knowledge/text/normalise.ts";
import { formatOf, type TextFormat } from "../../domain/knowledge/text/structure.ts";
import type { ServiceContext } from "../context.ts";

/**
 * The canonical text of a source: what is chunked, and what every offset and quote refers to. A text may be empty, and its document
 * is then found by its title; of any other file, in which there was something to be read, that is a failure.
 */
export async function extractText(
  ctx: ServiceContext,
  source: Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<Extraction> {
  const { textExtractor } = ctx.ports;
  const extraction = textExtractor.reads(mediaType(contentType))
    ? await textExtractor.extract(source, contentType)
    : plainExtraction(source, contentType);
  if (!extraction.readable) return extraction;
  const text = normalisedText(extraction.text);
  if (text.trim() === "" && !isText(ctx, contentType)) return unreadable("The file holds no text.");
  if (text.length > MAX_DOCUMENT_CHARACTERS) {
    return unreadable(`The text has ${text.length} characters; a document may have ${MAX_DOCUMENT_CHARACTERS}.`);
  }
  return { ...extraction, text };
}

/** Whether files of this type are text themselves, and not data that becomes text. */
export function isText(ctx: ServiceContext, contentType: string): boolean {
  const type = mediaType(contentType);
  return isWritten(type) && !isTable(type) && !ctx.ports.textExtractor.reads(type);
}

/** How the stored text of a source of this type is marked up: the same as when it was extracted. */
export function textFormat(contentType: string): TextFormat {
  const type = mediaType(contentType);
  const isMarkedUp = isTable(type) || type.includes("html") || type === DOCX;
  return isMarkedUp ? "markdown" : formatOf(type);
}

/** Of files that are text themselves. */
function plainExtraction(source: Uint8Array, contentType: string): Extraction {
  const type = mediaType(contentType);
  if (!isData(type) && !isWritten(type)) return unreadable(`Files of the type ${type} cannot be read.`);
  const text = decodedText(source, declaredCharset(contentType));
  if (text === null) return unreadable("The file is not text in the encoding that it claims.");
  if (hasControlCharacters(text)) return unreadable("The file holds binary data, not text.");
  if (isTable(type)) return tableExtraction(text);
  if (!isData(type)) return { readable: true, text, format: formatOf(type) };
  const data = jsonText(text, MAX_DOCUMENT_CHARACTERS);
  return data === null ? unreadable("The file is not valid JSON.") : { readable: true, text: data, format: "plain" };
}

function tableExtraction(source: string): Extraction {
  const text = csvText(source, MAX_DOCUMENT_CHARACTERS);
  return text === null
    ? unreadable(`The table has more than ${MAX_COLUMNS} columns.`)
    : { readable: true, text, format: "markdown" };
}
