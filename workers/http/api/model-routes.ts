import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { ModelRoute, ModelRouteName, PutModelRoute } from "../../../domain/llm/model-route.ts";
import { deleteModelRoute } from "../../../services/llm/delete-model-route.ts";
import { getModelRoute } from "../../../services/llm/get-model-route.ts";
import { listModelRoutes } from "../../../services/llm/list-model-routes.ts";
import { putModelRoute } from "../../../services/llm/put-model-route.ts";
import { noContent, reply, routes } from "../operation.ts";

const params = z.strictObject({ name: ModelRouteName });

export const modelRoutes = routes();

modelRoutes.add(
  {
    method: "get",
    path: "/v1/model-routes",
    id: "listModelRoutes",
    tag: "LLM gateway",
    summary: "The tenant's model routes",
    access: "llm:read",
    query: PageRequest,
    returns: { 200: z.object({ data: z.array(ModelRoute), nextCursor: z.string().nullable() }) },
  },
  async ({ ctx, query }) => reply(200, await listModelRoutes(ctx, query)),
);

modelRoutes.add(
  {
    method: "get",
    path: "/v1/model-routes/{name}",
    id: "getModelRoute",
    tag: "LLM gateway",
    summary: "One model route",
    access: "llm:read",
    params,
    returns: { 200: ModelRoute },
  },
  async ({ ctx, params }) => reply(200, await getModelRoute(ctx, params.name)),
);

modelRoutes.add(
  {
    method: "put",
    path: "/v1/model-routes/{name}",
    id: "putModelRoute",
    tag: "LLM gateway",
    summary: "Makes a name that stands for several models, tried in order or drawn by weight",
    access: "settings:write",
    params,
    body: PutModelRoute,
    returns: { 200: ModelRoute, 201: ModelRoute },
  },
  async ({ ctx, params, body }) => {
    const { route, isNew } = await putModelRoute(ctx, params.name, body);
    return reply(isNew ? 201 : 200, route);
  },
);

modelRoutes.add(
  {
    method: "delete",
    path: "/v1/model-routes/{name}",
    id: "deleteModelRoute",
    tag: "LLM gateway",
    summary: "Forgets a model route",
    access: "settings:write",
    params,
    returns: { 204: null },
  },
  async ({ ctx, params }) => {
    await deleteModelRoute(ctx, params.name);
    return noContent();
  },
);
