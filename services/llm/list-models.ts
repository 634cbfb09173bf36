import { eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { parseModelName } from "../../domain/llm/model-name.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { accessTo, loadTarget } from "./find-target.ts";
import { findRouteRow } from "./load-route.ts";
import type { ProviderAccess } from "./ports.ts";
import { modelRoutes, providers } from "./table.ts";

export interface ListedModel {
  /** `provider/model`, or the name of a route. */
  id: string;
  provider: string;
  /** Of a route; `null` of a provider's model, of which not all providers tell. */
  createdAt: number | null;
}

/** Whose a model route is. */
const ROUTES_OWNER = "weft";

/** A provider that does not tell its models in this time is left out of the list; its models can be called all the same. */
const PATIENCE_MS = 5_000;
/** No tenant has so many; it bounds the calls that one list makes. */
const MAX_PROVIDERS = 20;
const MAX_ROUTES = 200;

/** The tenant's routes, and the models of every provider that it can reach. */
export async function listModels(ctx: ServiceContext): Promise<ListedModel[]> {
  requirePermission(ctx, "llm:read");
  const rows = await ctx.db
    .select()
    .from(providers)
    .where(eq(providers.tenantId, ctx.tenant.id))
    .orderBy(providers.name)
    .limit(MAX_PROVIDERS);
  const own = await Promise.all(rows.map((row) => accessTo(ctx, row)));
  const defaults = ctx.ports.chatModels.defaults.filter(({ name }) => !own.some((provider) => provider.name === name));
  const [routes, ...lists] = await Promise.all([
    routesOf(ctx),
    ...[...defaults, ...own].map((provider) => modelsOf(ctx, provider)),
  ]);
  return [...routes, ...lists.flat()];
}

/** Any name that leads to a provider is a model: providers answer for more than they list. */
export async function getModel(ctx: ServiceContext, id: string): Promise<ListedModel> {
  requirePermission(ctx, "llm:read");
  if (parseModelName(id) === null) {
    const row = await findRouteRow(ctx, id);
    if (row === null) throw notFound(`model: ${id}`);
    return { id, provider: ROUTES_OWNER, createdAt: row.createdAt };
  }
  const { provider, model } = await loadTarget(ctx, id);
  const isLocal = provider.kind === "local";
  if (isLocal && !(await ctx.ports.chatModels.open(provider).list({})).includes(model)) throw notFound(`model: ${id}`);
  return { id, provider: provider.name, createdAt: null };
}

async function routesOf(ctx: ServiceContext): Promise<ListedModel[]> {
  const rows = await ctx.db
    .select({ name: modelRoutes.name, createdAt: modelRoutes.createdAt })
    .from(modelRoutes)
    .where(eq(modelRoutes.tenantId, ctx.tenant.id))
    .orderBy(modelRoutes.name)
    .limit(MAX_ROUTES);
  return rows.map(({ name, createdAt }) => ({ id: name, provider: ROUTES_OWNER, createdAt }));
}

async function modelsOf(ctx: ServiceContext, provider: ProviderAccess): Promise<ListedModel[]> {
  const patient = { ...provider, timeoutMs: Math.min(provider.timeoutMs, PATIENCE_MS) };
  try {
    const names = await ctx.ports.chatModels.open(patient).list({});
    return names.map((name) => ({ id: `${provider.name}/${name}`, provider: provider.name, createdAt: null }));
  } catch (error) {
    ctx.log.warn("provider.models-unlisted", { provider: provider.name, cause: String(error) });
    return [];
  }
}
