import type { Page, PageRequest } from "../../domain/kernel/page.ts";
import { decodeCursor, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { StoredObject } from "../../domain/workflows/stored-object.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import type { StoredFile } from "../knowledge/ports.ts";
import { bucketPrefix } from "./map-items.ts";

// The files of workflows: what distributed Maps read and write.

interface Place {
  bucket: string;
  key: string;
}

const TYPES: Record<string, string> = {
  json: "application/json",
  jsonl: "application/x-ndjson",
  csv: "text/csv; charset=utf-8",
};

/** Writes or replaces an object. */
export async function putObject(
  ctx: ServiceContext,
  place: Place,
  body: Uint8Array<ArrayBuffer>,
): Promise<StoredObject> {
  requirePermission(ctx, "workflows:write");
  const key = keyOf(ctx, place);
  const stored = await ctx.ports.files.put(key, body, typeOf(place.key));
  await note(ctx, "object.stored", place, { bytes: body.byteLength });
  return toObject(place, stored);
}

export async function getObject(
  ctx: ServiceContext,
  place: Place,
): Promise<{ body: Uint8Array<ArrayBuffer>; contentType: string }> {
  requirePermission(ctx, "workflows:read");
  const body = await ctx.ports.files.bytes(keyOf(ctx, place));
  if (body === null) throw notFound("object");
  return { body, contentType: typeOf(place.key) };
}

export async function deleteObject(ctx: ServiceContext, place: Place): Promise<void> {
  requirePermission(ctx, "workflows:write");
  await ctx.ports.files.remove([keyOf(ctx, place)]);
  await note(ctx, "object.deleted", place, {});
}

/** Objects of a bucket by key. */
export async function listObjects(
  ctx: ServiceContext,
  bucket: string,
  query: PageRequest & { prefix: string },
): Promise<Page<StoredObject>> {
  requirePermission(ctx, "workflows:read");
  const [after = ""] = query.cursor === undefined ? [] : decodeCursor(query.cursor, 1);
  const prefix = bucketPrefix(ctx.tenant.id, bucket);
  const entries = await ctx.ports.files.entries(`${prefix}${query.prefix}`, {
    after: after === "" ? "" : `${prefix}${after}`,
    limit: query.limit + 1,
  });
  return pageOf(
    entries.map((entry) => toObject({ bucket, key: entry.key.slice(prefix.length) }, entry)),
    query.limit,
    ({ key }) => [key],
    (object) => object,
  );
}

function keyOf(ctx: ServiceContext, { bucket, key }: Place): string {
  return `${bucketPrefix(ctx.tenant.id, bucket)}${key}`;
}

function typeOf(key: string): string {
  return TYPES[key.slice(key.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";
}

function toObject({ bucket, key }: Place, { size, etag, uploadedAt }: StoredFile): StoredObject {
  return { bucket, key, size, etag, uploadedAt: isoTime(uploadedAt) };
}

async function note(
  ctx: ServiceContext,
  action: string,
  { bucket, key }: Place,
  details: Record<string, unknown>,
): Promise<void> {
  await commit(ctx, { change: [], audit: { action, target: { type: "object", id: `${bucket}/${key}` }, details } });
}
