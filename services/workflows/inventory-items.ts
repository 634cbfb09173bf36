import * as z from "zod";
import type { Json } from "../../domain/kernel/json.ts";
import type { ReaderSettings } from "../../domain/workflows/run/event.ts";
import { type ReadItems, readItems } from "../../domain/workflows/run/item-reader.ts";
import type { ServiceContext } from "../context.ts";

/** S3 Inventory's manifest.json: rows without a header in files beside it, whose columns `fileSchema` names. */
const Manifest = z.object({
  fileFormat: z.literal("CSV"),
  fileSchema: z.string().min(1),
  files: z.array(z.object({ key: z.string().min(1) })),
});

/** A file of an inventory is read whole, like any other. */
const MAX_FILE_BYTES = 100_000_000;

/** The objects that an inventory lists; `bucket` is where its files lie. */
export async function readInventory(
  ctx: ServiceContext,
  bucket: string,
  text: string,
  reader: ReaderSettings,
): Promise<ReadItems> {
  const manifest = Manifest.safeParse(parsed(text));
  if (!manifest.success) return failed("The manifest is not one of an S3 Inventory in CSV.");
  const { fileSchema, files } = manifest.data;
  const csvHeaders = fileSchema.split(",").map((column) => column.trim());
  const rows: ReaderSettings = { ...reader, inputType: "CSV", csvHeaderLocation: "GIVEN", csvHeaders };
  const items: Json[] = [];
  for (const { key } of files) {
    if (reader.maxItems && items.length >= reader.maxItems) break;
    const bytes = await ctx.ports.files.bytes(`${bucket}${key}`);
    if (bytes === null) return failed(`The object ${key} of the inventory does not exist.`);
    const content = await textOf(bytes);
    if (content === null) return failed(`The object ${key} of the inventory cannot be read.`);
    const read = readItems(content, rows);
    if ("failure" in read) return read;
    for (const item of read.items) items.push(item);
  }
  return { items: reader.maxItems ? items.slice(0, reader.maxItems) : items };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Compressed as S3 writes it (RFC 1952 begins with 1f 8b), or plain. Null where it is broken or too large. */
async function textOf(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes);
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  try {
    for await (const chunk of new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))) {
      length += chunk.byteLength;
      if (length > MAX_FILE_BYTES) return null;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch {
    return null;
  }
  return text + decoder.decode();
}

function failed(cause: string): ReadItems {
  return { failure: { error: "States.ItemReaderFailed", cause } };
}
