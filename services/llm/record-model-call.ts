import { getTableColumns, sql } from "drizzle-orm";
import { actorReference } from "../../domain/kernel/actor.ts";
import { batchesOf } from "../../domain/kernel/batches.ts";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import type { CacheControl } from "../../domain/llm/answer-cache.ts";
import { type Cost, costOf } from "../../domain/llm/price.ts";
import { promptParts, type TokenUsage, writtenTokens } from "../../domain/llm/token-usage.ts";
import type { Database, ServiceContext } from "../context.ts";
import { GATHER_MS, gathering } from "../gather.ts";
import { countUse } from "../limits/count-use.ts";
import type { BudgetHold } from "./budget-hold.ts";
import type { TakenVariant } from "./experiment-variant.ts";
import type { Target } from "./find-target.ts";
import { type CALL_STATUSES, modelCalls } from "./table.ts";
import { priceOf } from "./target-price.ts";

/** What a caller may say about a call to a model, beside the request. */
export interface CallOptions {
  /** A repeat with the same key is one row of the bill. */
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** What the client says of the route's cache. */
  cacheControl?: CacheControl;
}

export interface CallFacts {
  kind: "chat" | "embedding";
  status: (typeof CALL_STATUSES)[number];
  target: Target;
  /** The route that chose the target, when one did. */
  route: string | null;
  options: CallOptions;
  isStreamed: boolean;
  usage: TokenUsage;
  isEstimated: boolean;
  startedAt: number;
  firstTokenAt?: number | null;
  finishReason?: string | null;
  isRefusal?: boolean;
  problem?: string;
  routeVersion?: number | null;
  /** The part that the call took in an experiment. */
  experiment?: TakenVariant | null;
  /** What the budgets hold for the call: it is told the cost. */
  hold?: BudgetHold | null;
  /** The answer is one from before: it cost nothing, and saved what it had cost when it was made. */
  cached?: { as: "hit" | "semantic"; savedUsdMicros: number };
}

export function costOfCall(target: Target, usage: TokenUsage): Cost {
  return costOf(usage, priceOf(target));
}

/** The end of every call to a model, however it ended. */
export function settleCall(ctx: ServiceContext, facts: CallFacts): void {
  if (facts.cached === undefined) facts.hold?.spend(costOfCall(facts.target, facts.usage).usdMicros);
  ctx.later(putOnBill(ctx, rowOf(ctx, facts)));
  // What the cache answers is not used up.
  if (facts.cached !== undefined) return;
  const tokens = facts.usage.prompt_tokens + writtenTokens(facts.usage);
  ctx.later(countUse(ctx, ctx.tenant.id, "llm-tokens", tokens));
}

/** D1 takes a parameter of 2 MB; a row has under 1 KB. */
const MAX_BATCH = 100;
const MAX_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 80;

const FREE: Cost = { usdMicros: 0, priced: true };

type CallRow = typeof modelCalls.$inferInsert;

// One statement for all rows, its text made once: thirty columns a row are more than the bound parameters of a statement allow,
// and building them for every call was a tenth of what the gateway added to it.
const COLUMNS = Object.keys(getTableColumns(modelCalls)).map((member) => ({
  member,
  name: member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
}));
const INSERT = sql.raw(
  `insert into model_calls (${COLUMNS.map(({ name }) => name).join(", ")}) select ${COLUMNS.map(({ member }) => `call->>'$.${member}'`).join(", ")} from calls`,
);
const ON_CONFLICT = sql.raw(
  `on conflict (id) do update set ${COLUMNS.filter(({ name }) => name !== "id" && name !== "tenant_id")
    .map(({ name }) => `${name} = excluded.${name}`)
    .join(", ")} where model_calls.tenant_id = excluded.tenant_id and model_calls.status = 'failed'`,
);

/** Puts calls on the bill. Of two rows with one idempotency key the first that cost something stays. */
const putOnBill = gathering<CallRow>(
  GATHER_MS,
  () => "",
  async ({ db }, rows) => {
    await Promise.all(batchesOf(rows, MAX_BATCH).map((some) => write(db, some)));
  },
);

async function write(db: Database, rows: readonly CallRow[]): Promise<void> {
  // Each row is made binary once: read as text, it would be written and parsed anew for each of its columns.
  const calls = sql`with calls as materialized (select jsonb(value) as call from json_each(${JSON.stringify(rows)}))`;
  const upsert = sql`${calls} ${INSERT} where true ${ON_CONFLICT}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await db.run(upsert);
      return;
    } catch (error) {
      // Every row has its id, so a statement that landed unheard does no harm when it is repeated.
      if (attempt === MAX_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 4 ** (attempt - 1)));
    }
  }
}

function rowOf(ctx: ServiceContext, facts: CallFacts): CallRow {
  const { target, options, usage } = facts;
  const cost = facts.cached === undefined ? costOfCall(target, usage) : FREE;
  const actor = actorReference(ctx.actor);
  return {
    id: callId(ctx, options.idempotencyKey),
    tenantId: ctx.tenant.id,
    kind: facts.kind,
    status: facts.status,
    provider: target.provider.name,
    model: target.model,
    route: facts.route,
    routeVersion: facts.routeVersion ?? null,
    experimentId: facts.experiment?.experimentId ?? null,
    variant: facts.experiment?.variant ?? null,
    isStreamed: facts.isStreamed,
    promptTokens: usage.prompt_tokens,
    cachedPromptTokens: promptParts(usage).cached,
    completionTokens: writtenTokens(usage),
    isEstimated: facts.isEstimated,
    costUsdMicros: cost.usdMicros,
    isPriced: cost.priced,
    cache: facts.cached?.as ?? null,
    savedUsdMicros: facts.cached?.savedUsdMicros ?? 0,
    finishReason: facts.finishReason ?? null,
    isRefusal: facts.isRefusal ?? facts.finishReason === "content_filter",
    problem: facts.problem ?? null,
    startedAt: facts.startedAt,
    firstTokenMs: facts.firstTokenAt ? facts.firstTokenAt - facts.startedAt : null,
    durationMs: ctx.clock.now() - facts.startedAt,
    actorType: actor.type,
    actorId: actor.id,
    runId: ctx.run?.id ?? null,
    runState: ctx.run?.state ?? null,
    workflow: ctx.run?.workflow ?? null,
    requestId: ctx.requestId,
    traceId: ctx.trace.traceId,
  };
}

function callId(ctx: ServiceContext, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return ctx.ids.next("cmpl");
  return `cmpl_${sha256Hex(`${ctx.tenant.id}\n${idempotencyKey}`).slice(0, 26)}`;
}
