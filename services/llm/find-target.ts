import { notFound } from "../../domain/kernel/problem.ts";
import { type ModelName, parseModelName } from "../../domain/llm/model-name.ts";
import type { ServiceContext } from "../context.ts";
import { findProviderRow } from "./find-provider.ts";
import { knownProviders } from "./known-by-name.ts";
import type { ProviderAccess } from "./ports.ts";
import type { ProviderRow } from "./table.ts";

export interface Target {
  provider: ProviderAccess;
  model: string;
}

/** Where a model name leads: a tenant's own provider goes before a default one of the same name. */
export async function loadTarget(ctx: ServiceContext, name: string): Promise<Target> {
  const target = await findTarget(ctx, name);
  if (target === null) throw notFound(`model: ${name.slice(0, 100)}`);
  return target;
}

/** `null` where no provider of the tenant has the name. */
export async function findTarget(ctx: ServiceContext, name: string): Promise<Target | null> {
  const parsed = parseModelName(name);
  const provider = parsed === null ? null : await findProvider(ctx, parsed);
  return parsed === null || provider === null ? null : { provider, model: parsed.model };
}

/** What the stored key is sealed for: it opens in the row it was written to and nowhere else. */
export function sealContext(tenantId: string, name: string): string {
  return `provider/${tenantId}/${name}`;
}

async function findProvider(ctx: ServiceContext, { provider: name }: ModelName): Promise<ProviderAccess | null> {
  const known = knownProviders.find(ctx, name);
  const own = known === undefined ? await findOwn(ctx, name) : known;
  if (known === undefined) knownProviders.remember(ctx, name, own);
  return own ?? ctx.ports.chatModels.defaults.find((provider) => provider.name === name) ?? null;
}

async function findOwn(ctx: ServiceContext, name: string): Promise<ProviderAccess | null> {
  const row = await findProviderRow(ctx, name);
  return row === null ? null : accessTo(ctx, row);
}

export async function accessTo(ctx: ServiceContext, row: ProviderRow): Promise<ProviderAccess> {
  const { name, kind, baseUrl, sealedApiKey, timeoutMs, prices, countsRateLimits } = row;
  const apiKey =
    sealedApiKey === null ? null : await ctx.ports.secretBox.open(sealedApiKey, sealContext(ctx.tenant.id, name));
  return { name, kind, baseUrl, apiKey, timeoutMs, prices, countsRateLimits };
}
