import * as z from "zod";
import { ApiKey, ApiKeyRotation, CreatedApiKey, NewApiKey } from "../../../domain/identity/api-key.ts";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { createApiKey } from "../../../services/identity/create-api-key.ts";
import { deleteApiKey } from "../../../services/identity/delete-api-key.ts";
import { getApiKey, listApiKeys } from "../../../services/identity/list-api-keys.ts";
import { rotateApiKey } from "../../../services/identity/rotate-api-key.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

export const apiKeys = routes();
const tag = "API keys";
const params = z.object({ id: z.string() });

apiKeys.add(
  {
    method: "get",
    path: "/v1/api-keys",
    id: "listApiKeys",
    tag,
    summary: "The tenant's API keys",
    access: "keys:read",
    query: PageRequest,
    returns: { 200: listOf(ApiKey) },
  },
  async ({ ctx, query }) => reply(200, await listApiKeys(ctx, query)),
);

apiKeys.add(
  {
    method: "post",
    path: "/v1/api-keys",
    id: "createApiKey",
    tag,
    summary: "Create an API key; its text is shown this once",
    access: "keys:write",
    body: NewApiKey,
    returns: { 201: CreatedApiKey },
  },
  async ({ ctx, body }) => reply(201, await createApiKey(ctx, body)),
);

apiKeys.add(
  {
    method: "get",
    path: "/v1/api-keys/{id}",
    id: "getApiKey",
    tag,
    summary: "An API key, without its text",
    access: "keys:read",
    params,
    returns: { 200: ApiKey },
    problems: ["not-found"],
  },
  async ({ ctx, params }) => reply(200, await getApiKey(ctx, params.id)),
);

apiKeys.add(
  {
    method: "post",
    path: "/v1/api-keys/{id}/rotate",
    id: "rotateApiKey",
    tag,
    summary: "Put a new key in the place of an old one",
    access: "keys:write",
    params,
    body: ApiKeyRotation,
    returns: { 201: CreatedApiKey },
    problems: ["not-found", "conflict"],
  },
  async ({ ctx, params, body }) => reply(201, await rotateApiKey(ctx, params.id, body)),
);

apiKeys.add(
  {
    method: "delete",
    path: "/v1/api-keys/{id}",
    id: "deleteApiKey",
    tag,
    summary: "Stop an API key at once",
    access: "keys:write",
    params,
    returns: { 204: null },
    problems: ["not-found"],
  },
  async ({ ctx, params }) => {
    await deleteApiKey(ctx, params.id);
    return noContent();
  },
);
