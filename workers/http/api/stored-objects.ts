import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { BucketName, ObjectKey, StoredObject } from "../../../domain/workflows/stored-object.ts";
import { deleteObject, getObject, listObjects, putObject } from "../../../services/workflows/stored-objects.ts";
import { readBytes } from "../body.ts";
import { attachment } from "../download.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

const tag = "Workflows";
const path = "/v1/buckets/{bucket}/objects/{key}";
const params = z.object({ bucket: BucketName, key: ObjectKey });
// A distributed Map reads its items whole.
const MAX_BYTES = 26_214_400;

export const storedObjects = routes();

storedObjects.add(
  {
    method: "get",
    path: "/v1/buckets/{bucket}/objects",
    id: "listObjects",
    tag,
    summary: "Files of a bucket, by key",
    access: "workflows:read",
    params: z.object({ bucket: BucketName }),
    query: z.strictObject({ ...PageRequest.shape, prefix: z.string().max(1_024).default("") }),
    returns: { 200: listOf(StoredObject) },
  },
  async ({ ctx, params, query }) => reply(200, await listObjects(ctx, params.bucket, query)),
);

storedObjects.add(
  {
    method: "put",
    path,
    id: "putObject",
    tag,
    summary: "Store a file for distributed Maps to read, at most 25 MiB: the body as it is",
    access: "workflows:write",
    params,
    returns: { 200: StoredObject },
    problems: ["payload-too-large"],
  },
  async ({ ctx, params, http }) => reply(200, await putObject(ctx, params, await readBytes(http.req.raw, MAX_BYTES))),
);

storedObjects.add(
  {
    method: "get",
    path,
    id: "getObject",
    tag,
    summary: "The file itself",
    access: "workflows:read",
    params,
    returns: { 200: null },
  },
  async ({ ctx, params }) => {
    const { body, contentType } = await getObject(ctx, params);
    return new Response(body, { headers: { "content-type": contentType, ...attachment() } });
  },
);

storedObjects.add(
  {
    method: "delete",
    path,
    id: "deleteObject",
    tag,
    summary: "Delete a file",
    access: "workflows:write",
    params,
    returns: { 204: null },
  },
  async ({ ctx, params }) => {
    await deleteObject(ctx, params);
    return noContent();
  },
);
