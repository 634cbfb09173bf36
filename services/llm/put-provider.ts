import { type InvalidMember, problem } from "../../domain/kernel/problem.ts";
import type { Provider, PutProvider } from "../../domain/llm/provider.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { changeTime, ifStillAsRead, lost, requireMatch } from "../preconditions.ts";
import { findProviderRow } from "./find-provider.ts";
import { sealContext } from "./find-target.ts";
import { knownProviders } from "./known-by-name.ts";
import { type ProviderRow, providers, toProvider } from "./table.ts";

/** Makes the tenant's provider of that name what `input` says, and tells whether there was none before. */
export async function putProvider(
  ctx: ServiceContext,
  name: string,
  input: PutProvider,
): Promise<{ provider: Provider; isNew: boolean }> {
  requirePermission(ctx, "settings:write");
  refuseUnusable(ctx, name, input);
  const before = await findProviderRow(ctx, name);
  requireMatch(ctx, before === null ? null : toProvider(before));
  const row = await rowOf(ctx, name, input, before);
  const { tenantId: _, name: __, createdAt: ___, ...changes } = row;
  await commit(ctx, {
    change: ctx.db
      .insert(providers)
      .values(row)
      .onConflictDoUpdate({
        target: [providers.tenantId, providers.name],
        set: changes,
        setWhere: ifStillAsRead(ctx, providers.updatedAt, before),
      }),
    audit: {
      action: before === null ? "provider.created" : "provider.updated",
      target: { type: "provider", id: name },
      details: {
        ...(before !== null && { before: toProvider(before) }),
        after: toProvider(row),
        keyChanged: input.apiKey !== undefined,
      },
    },
    conflict: lost(ctx, () => problem("conflict")),
  });
  knownProviders.forget(ctx, name);
  return { provider: toProvider(row), isNew: before === null };
}

function refuseUnusable(ctx: ServiceContext, name: string, { kind, baseUrl, apiKey }: PutProvider): void {
  const errors: InvalidMember[] = [];
  if (name === "local") errors.push({ pointer: "/name", detail: "local is the platform's own provider" });
  if (kind === "openai-compatible" && baseUrl === undefined) {
    errors.push({ pointer: "/baseUrl", detail: "is needed for this kind" });
  }
  if ((kind === "local" || kind === "workers-ai") && (baseUrl !== undefined || apiKey !== undefined)) {
    errors.push({ pointer: "/kind", detail: "takes neither an address nor a key" });
  }
  if (errors.length > 0) throw problem("validation-failed", { errors });
  const judgement = baseUrl === undefined ? ({ allowed: true } as const) : ctx.ports.outbound.judge(baseUrl);
  if (!judgement.allowed) {
    throw problem("forbidden-target", {
      detail: `The address ${judgement.reason}.`,
      errors: [{ pointer: "/baseUrl", detail: judgement.reason }],
    });
  }
}

async function rowOf(
  ctx: ServiceContext,
  name: string,
  input: PutProvider,
  before: ProviderRow | null,
): Promise<ProviderRow> {
  const baseUrl = input.baseUrl ?? null;
  // A stored key goes only where it was meant to go: another address needs the key again.
  const isSameTarget = before !== null && before.kind === input.kind && before.baseUrl === baseUrl;
  const sealedApiKey =
    input.apiKey === undefined
      ? isSameTarget
        ? before.sealedApiKey
        : null
      : await ctx.ports.secretBox.seal(input.apiKey, sealContext(ctx.tenant.id, name));
  return {
    tenantId: ctx.tenant.id,
    name,
    kind: input.kind,
    baseUrl,
    sealedApiKey,
    timeoutMs: input.timeoutMs,
    prices: input.prices ?? {},
    countsRateLimits: input.countsRateLimits,
    createdAt: before?.createdAt ?? ctx.clock.now(),
    updatedAt: changeTime(ctx, before),
  };
}
