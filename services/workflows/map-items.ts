import type { Json } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import type { MapRunSettings, ReaderSettings } from "../../domain/workflows/run/event.ts";
import type { ReadItems } from "../../domain/workflows/run/item-reader.ts";
import { readItems } from "../../domain/workflows/run/item-reader.ts";
import type { ServiceContext } from "../context.ts";
import { readInventory } from "./inventory-items.ts";

/** Where the objects of a tenant's bucket lie. A bucket is a name within the tenant; no key leads out of it. */
export function bucketPrefix(tenantId: string, bucket: string): string {
  return `${tenantId}/buckets/${encodeURIComponent(bucket)}/`;
}

/** What a distributed Map iterates over, as its ItemReader says: one stored object, the list of objects, or what is in those. */
export async function readMapItems(ctx: ServiceContext, { reader }: MapRunSettings): Promise<ReadItems> {
  const { Bucket, Key, Prefix } = isJsonObject(reader?.arguments) ? reader.arguments : {};
  if (reader === undefined || typeof Bucket !== "string") return failed("The ItemReader names no Bucket.");
  const bucket = bucketPrefix(ctx.tenant.id, Bucket);
  if (reader.resource.endsWith(":listObjectsV2")) {
    const prefix = typeof Prefix === "string" ? Prefix : "";
    if (reader.transformation === "LOAD_AND_FLATTEN") return readAll(ctx, bucket, prefix, reader);
    return { items: await objectsIn(ctx, bucket, prefix, reader.maxItems) };
  }
  if (typeof Key !== "string") return failed("The ItemReader names no Key.");
  const text = await ctx.ports.files.text(`${bucket}${Key}`);
  if (text === null) return failed(`The object ${Key} does not exist in the bucket ${Bucket}.`);
  return reader.inputType === "MANIFEST" ? readInventory(ctx, bucket, text, reader) : readItems(text, reader);
}

/** AWS's LOAD_AND_FLATTEN: the items of every listed object, one after the other. */
async function readAll(
  ctx: ServiceContext,
  bucket: string,
  prefix: string,
  reader: ReaderSettings,
): Promise<ReadItems> {
  const items: Json[] = [];
  for (const { key } of await ctx.ports.files.entries(`${bucket}${prefix}`)) {
    if (reader.maxItems && items.length >= reader.maxItems) break;
    const text = await ctx.ports.files.text(key);
    if (text === null) continue;
    const read = readItems(text, reader);
    if ("failure" in read) return failed(`${key.slice(bucket.length)}: ${read.failure.cause ?? ""}`);
    for (const item of read.items) items.push(item);
  }
  return { items: reader.maxItems ? items.slice(0, reader.maxItems) : items };
}

async function objectsIn(
  ctx: ServiceContext,
  bucket: string,
  prefix: string,
  maxItems: number | undefined,
): Promise<Json[]> {
  const page = maxItems ? { after: "", limit: maxItems } : undefined;
  const entries = await ctx.ports.files.entries(`${bucket}${prefix}`, page);
  return entries.map(({ key, size, etag, uploadedAt }) => ({
    Etag: `"${etag}"`,
    Key: key.slice(bucket.length),
    LastModified: Math.floor(uploadedAt / 1_000),
    Size: size,
    StorageClass: "STANDARD",
  }));
}

function failed(cause: string): ReadItems {
  return { failure: { error: "States.ItemReaderFailed", cause } };
}
