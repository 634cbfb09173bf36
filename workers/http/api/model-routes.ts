import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { ModelRoute, ModelRouteName, ModelRouteVersion, PutModelRoute } from "../../../domain/llm/model-route.ts";
import { deleteModelRoute } from "../../../services/llm/delete-model-route.ts";
import { getModelRoute } from "../../../services/llm/get-model-route.ts";
import { listModelRoutes } from "../../../services/llm/list-model-routes.ts";
import { getRouteVersion, listRouteVersions } from "../../../services/llm/list-route-versions.ts";
import { putModelRoute } from "../../../services/llm/put-model-route.ts";
import { rollBackModelRoute } from "../../../services/llm/roll-back-model-route.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

const params = z.strictObject({ name: ModelRouteName });
const Version = z.int().positive();
const ByVersion = params.extend({ version: z.coerce.number().pipe(Version) });

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
    returns: { 200: listOf(ModelRoute) },
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
    conditional: true,
  },
  async ({ ctx, params }) => reply(200, await getModelRoute(ctx, params.name)),
);

modelRoutes.add(
  {
    method: "put",
    path: "/v1/model-routes/{name}",
    id: "putModelRoute",
    tag: "LLM gateway",
    summary:
      "Makes a name that stands for several models, tried in order or drawn by weight; each change is a new version",
    access: "settings:write",
    params,
    body: PutModelRoute,
    returns: { 200: ModelRoute, 201: ModelRoute },
    conditional: true,
    problems: ["conflict", "unavailable"],
  },
  async ({ ctx, params, body }) => {
    const { route, isNew } = await putModelRoute(ctx, params.name, body);
    return reply(isNew ? 201 : 200, route);
  },
);

modelRoutes.add(
  {
    method: "get",
    path: "/v1/model-routes/{name}/versions",
    id: "listModelRouteVersions",
    tag: "LLM gateway",
    summary: "What the route was and is, newest first",
    access: "llm:read",
    params,
    query: PageRequest,
    returns: { 200: listOf(ModelRouteVersion) },
  },
  async ({ ctx, params, query }) => reply(200, await listRouteVersions(ctx, params.name, query)),
);

modelRoutes.add(
  {
    method: "get",
    path: "/v1/model-routes/{name}/versions/{version}",
    id: "getModelRouteVersion",
    tag: "LLM gateway",
    summary: "One version",
    access: "llm:read",
    params: ByVersion,
    returns: { 200: ModelRouteVersion },
  },
  async ({ ctx, params }) => reply(200, await getRouteVersion(ctx, params.name, params.version)),
);

modelRoutes.add(
  {
    method: "post",
    path: "/v1/model-routes/{name}/rollback",
    id: "rollBackModelRoute",
    tag: "LLM gateway",
    summary: "Makes an earlier version the newest again, under a new number",
    access: "settings:write",
    params,
    body: z.strictObject({ version: Version }).meta({ id: "RollBackModelRoute", example: { version: 3 } }),
    returns: { 200: ModelRoute },
    problems: ["conflict", "unavailable"],
  },
  async ({ ctx, params, body }) => reply(200, await rollBackModelRoute(ctx, params.name, body.version)),
);

modelRoutes.add(
  {
    method: "delete",
    path: "/v1/model-routes/{name}",
    id: "deleteModelRoute",
    tag: "LLM gateway",
    summary: "Forgets a model route; made anew it goes on counting its versions",
    access: "settings:write",
    params,
    returns: { 204: null },
    conditional: true,
  },
  async ({ ctx, params }) => {
    await deleteModelRoute(ctx, params.name);
    return noContent();
  },
);
