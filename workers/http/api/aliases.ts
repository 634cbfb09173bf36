import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { Alias, AliasName, PutAlias } from "../../../domain/workflows/alias.ts";
import { WorkflowName } from "../../../domain/workflows/workflow.ts";
import { deleteAlias, getAlias, listAliases, putAlias } from "../../../services/workflows/aliases.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

const tag = "Workflows";
const OfWorkflow = z.object({ name: WorkflowName });
const ByName = OfWorkflow.extend({ alias: AliasName });

export const aliases = routes();

aliases.add(
  {
    method: "get",
    path: "/v1/workflows/{name}/aliases",
    id: "listWorkflowAliases",
    tag,
    summary: "The aliases of a workflow, by name",
    access: "workflows:read",
    params: OfWorkflow,
    query: PageRequest,
    returns: { 200: listOf(Alias) },
  },
  async ({ ctx, params, query }) => reply(200, await listAliases(ctx, params.name, query)),
);

aliases.add(
  {
    method: "get",
    path: "/v1/workflows/{name}/aliases/{alias}",
    id: "getWorkflowAlias",
    tag,
    summary: "One alias",
    access: "workflows:read",
    params: ByName,
    returns: { 200: Alias },
    conditional: true,
  },
  async ({ ctx, params }) => reply(200, await getAlias(ctx, params.name, params.alias)),
);

aliases.add(
  {
    method: "put",
    path: "/v1/workflows/{name}/aliases/{alias}",
    id: "putWorkflowAlias",
    tag,
    summary: "Points a name at one version, or at several by weight: a canary",
    access: "workflows:write",
    params: ByName,
    body: PutAlias,
    returns: { 200: Alias, 201: Alias },
    conditional: true,
  },
  async ({ ctx, params, body }) => {
    const { alias, isNew } = await putAlias(ctx, params.name, params.alias, body);
    return reply(isNew ? 201 : 200, alias);
  },
);

aliases.add(
  {
    method: "delete",
    path: "/v1/workflows/{name}/aliases/{alias}",
    id: "deleteWorkflowAlias",
    tag,
    summary: "Forgets an alias; its versions stay",
    access: "workflows:write",
    params: ByName,
    returns: { 204: null },
    conditional: true,
  },
  async ({ ctx, params }) => {
    await deleteAlias(ctx, params.name, params.alias);
    return noContent();
  },
);
