import type { FileStore, StoredFile } from "../../services/knowledge/ports.ts";

// R2 deletes at most this many keys a call.
const DELETE_BATCH = 1_000;
/** And lists as many. */
const LIST_BATCH = 1_000;

export function r2FileStore(bucket: R2Bucket): FileStore {
  return {
    async put(key, body, contentType) {
      return toStored(await bucket.put(key, body, { httpMetadata: { contentType } }));
    },
    async text(key) {
      const object = await bucket.get(key);
      return object === null ? null : object.text();
    },
    async bytes(key) {
      const object = await bucket.get(key);
      return object === null ? null : new Uint8Array(await object.arrayBuffer());
    },
    async list(prefix) {
      return (await objectsUnder(bucket, prefix)).map(({ key }) => key);
    },
    async entries(prefix, page) {
      return (await objectsUnder(bucket, prefix, page)).map(toStored);
    },
    async remove(keys) {
      for (let at = 0; at < keys.length; at += DELETE_BATCH) await bucket.delete(keys.slice(at, at + DELETE_BATCH));
    },
  };
}

function toStored({ key, size, etag, uploaded }: R2Object): StoredFile {
  return { key, size, etag, uploadedAt: uploaded.getTime() };
}

async function objectsUnder(
  bucket: R2Bucket,
  prefix: string,
  page: { after: string; limit: number } = { after: "", limit: Number.POSITIVE_INFINITY },
): Promise<R2Object[]> {
  const objects: R2Object[] = [];
  let cursor: string | undefined;
  do {
    const found = await bucket.list({
      prefix,
      limit: Math.min(page.limit - objects.length, LIST_BATCH),
      ...(cursor !== undefined ? { cursor } : page.after !== "" && { startAfter: page.after }),
    });
    objects.push(...found.objects);
    cursor = found.truncated ? found.cursor : undefined;
  } while (cursor !== undefined && objects.length < page.limit);
  return objects;
}
