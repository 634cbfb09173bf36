// An upload that is its own canonical text: stored once, as that text, and read no further.
//   U1  nothing of an upload is lost: it is stored so only where the canonical text, in UTF-8, is byte for byte what came.
//   U2  anything else is stored as it came. The task reads it, and says why when it cannot.
import type { Extraction } from "../../domain/knowledge/extraction/extraction.ts";
import type { ServiceContext } from "../context.ts";
import { extractText, isText, textFormat } from "./extract-text.ts";
import { type Revision, textKey } from "./revision.ts";
import type { DocumentRow } from "./table.ts";

/** Read within some ten milliseconds, for which its sender can wait. */
const MAX_BYTES = 1_048_576;

/** The upload as its own canonical text; `null` where it is not, or too large to be looked at here. */
export async function ownCanonicalText(
  ctx: ServiceContext,
  upload: string | Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<string | null> {
  if (upload.length > MAX_BYTES || !isText(ctx, contentType)) return null;
  const bytes = Buffer.from(upload);
  if (bytes.length > MAX_BYTES) return null;
  const extraction = await extractText(ctx, bytes, contentType);
  return extraction.readable && bytes.equals(Buffer.from(extraction.text)) ? extraction.text : null;
}

/** What was stored so of a revision, as its extraction would have been. */
export async function uploadedText(
  ctx: ServiceContext,
  revision: Revision,
  { sourceUrl, contentType }: DocumentRow,
): Promise<Extract<Extraction, { readable: true }> | null> {
  if (sourceUrl !== null || !isText(ctx, contentType)) return null;
  const text = await ctx.ports.files.text(textKey(revision));
  return text === null ? null : { readable: true, text, format: textFormat(contentType) };
}
