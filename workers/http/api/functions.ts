import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { FunctionName, NamedFunction, PutFunction } from "../../../domain/workflows/function.ts";
import { getFunction, listFunctions } from "../../../services/workflows/find-function.ts";
import { deleteFunction, putFunction } from "../../../services/workflows/put-function.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

const tag = "Functions";
const params = z.strictObject({ name: FunctionName });

export const functions = routes();

functions.add(
  {
    method: "get",
    path: "/v1/functions",
    id: "listFunctions",
    tag,
    summary: "The functions that Task states can call, by name",
    access: "workflows:read",
    query: PageRequest,
    returns: { 200: listOf(NamedFunction) },
  },
  async ({ ctx, query }) => reply(200, await listFunctions(ctx, query)),
);

functions.add(
  {
    method: "get",
    path: "/v1/functions/{name}",
    id: "getFunction",
    tag,
    summary: "One function, without its secret and the values of its headers",
    access: "workflows:read",
    params,
    returns: { 200: NamedFunction },
    conditional: true,
  },
  async ({ ctx, params }) => reply(200, await getFunction(ctx, params.name)),
);

functions.add(
  {
    method: "put",
    path: "/v1/functions/{name}",
    id: "putFunction",
    tag,
    summary: "Names an HTTPS endpoint; headers and secret that are left out are kept while the url stays",
    access: "workflows:write",
    params,
    body: PutFunction,
    returns: { 200: NamedFunction, 201: NamedFunction },
    conditional: true,
    problems: ["forbidden-target"],
  },
  async ({ ctx, params, body }) => {
    const { function: named, isNew } = await putFunction(ctx, params.name, body);
    return reply(isNew ? 201 : 200, named);
  },
);

functions.add(
  {
    method: "delete",
    path: "/v1/functions/{name}",
    id: "deleteFunction",
    tag,
    summary: "Forgets a function; tasks that call it fail from then on",
    access: "workflows:write",
    params,
    returns: { 204: null },
    conditional: true,
  },
  async ({ ctx, params }) => {
    await deleteFunction(ctx, params.name);
    return noContent();
  },
);
