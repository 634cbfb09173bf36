import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { Provider, ProviderName, PutProvider } from "../../../domain/llm/provider.ts";
import { deleteProvider } from "../../../services/llm/delete-provider.ts";
import { getProvider } from "../../../services/llm/get-provider.ts";
import { listProviders } from "../../../services/llm/list-providers.ts";
import { putProvider } from "../../../services/llm/put-provider.ts";
import { noContent, reply, routes } from "../operation.ts";

const params = z.strictObject({ name: ProviderName });

export const providers = routes();

providers.add(
  {
    method: "get",
    path: "/v1/providers",
    id: "listProviders",
    tag: "LLM gateway",
    summary: "The model providers the tenant has registered",
    access: "llm:read",
    query: PageRequest,
    returns: { 200: z.object({ data: z.array(Provider), nextCursor: z.string().nullable() }) },
  },
  async ({ ctx, query }) => reply(200, await listProviders(ctx, query)),
);

providers.add(
  {
    method: "get",
    path: "/v1/providers/{name}",
    id: "getProvider",
    tag: "LLM gateway",
    summary: "One provider, without its key",
    access: "llm:read",
    params,
    returns: { 200: Provider },
    conditional: true,
  },
  async ({ ctx, params }) => reply(200, await getProvider(ctx, params.name)),
);

providers.add(
  {
    method: "put",
    path: "/v1/providers/{name}",
    id: "putProvider",
    tag: "LLM gateway",
    summary: "Registers a provider or replaces it; without apiKey the stored one is kept while kind and baseUrl stay",
    access: "settings:write",
    params,
    body: PutProvider,
    returns: { 200: Provider, 201: Provider },
    conditional: true,
    problems: ["forbidden-target"],
  },
  async ({ ctx, params, body }) => {
    const { provider, isNew } = await putProvider(ctx, params.name, body);
    return reply(isNew ? 201 : 200, provider);
  },
);

providers.add(
  {
    method: "delete",
    path: "/v1/providers/{name}",
    id: "deleteProvider",
    tag: "LLM gateway",
    summary: "Forgets a provider and its key",
    access: "settings:write",
    params,
    returns: { 204: null },
    conditional: true,
  },
  async ({ ctx, params }) => {
    await deleteProvider(ctx, params.name);
    return noContent();
  },
);
