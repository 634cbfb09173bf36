import type { FileStore } from "../../services/knowledge/ports.ts";

// R2 deletes at most this many keys a call.
const DELETE_BATCH = 1_000;

export function r2FileStore(bucket: R2Bucket): FileStore {
  return {
    async put(key, body, contentType) {
      await bucket.put(key, body, { httpMetadata: { contentType } });
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
    async entries(prefix) {
      const objects = await objectsUnder(bucket, prefix);
      return objects.map(({ key, size, etag, uploaded }) => ({ key, size, etag, uploadedAt: uploaded.getTime() }));
    },
    async remove(keys) {
      for (let at = 0; at < keys.length; at += DELETE_BATCH) await bucket.delete(keys.slice(at, at + DELETE_BATCH));
    },
  };
}

async function objectsUnder(bucket: R2Bucket, prefix: string): Promise<R2Object[]> {
  const objects: R2Object[] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    objects.push(...page.objects);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return objects;
}
