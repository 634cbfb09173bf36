import { sql } from "drizzle-orm";
import { DAY_MS } from "../../domain/kernel/time.ts";
import { parseModelName } from "../../domain/llm/model-name.ts";
import { type ModelPerformance, percentileRank } from "../../domain/llm/model-performance.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { modelCalls } from "./table.ts";

export interface PerformanceQuery {
  /** `provider/model`; all models where absent. */
  model?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
}

const DEFAULT_SPAN_MS = 7 * DAY_MS;
/** Percentiles need every call in order; of more than these, the latest of each model are taken. */
const MAX_RANKED = 20_000;

interface Sums {
  provider: string;
  model: string;
  calls: number;
  failures: number;
  promptTokens: number;
  completionTokens: number;
  costUsdMicros: number;
  cacheHits: number;
  savedUsdMicros: number;
}

interface Times {
  provider: string;
  model: string;
  durationMs: number;
  firstTokenMs: number | null;
}

/** How the tenant's models did: latency of answers, error rate, tokens and cost, and what the cache saved. */
export async function measureModels(ctx: ServiceContext, query: PerformanceQuery): Promise<ModelPerformance[]> {
  requirePermission(ctx, "llm:read");
  const to = query.to ?? ctx.clock.now() + 1;
  const where = chosen(ctx, query, query.from ?? to - DEFAULT_SPAN_MS, to);
  const [sums, times] = await Promise.all([
    ctx.db.all<Sums>(sql`
      select provider, model,
        sum(cache is null) as calls,
        sum(cache is null and status in ('failed', 'interrupted')) as failures,
        sum(iif(cache is null, prompt_tokens, 0)) as promptTokens,
        sum(iif(cache is null, completion_tokens, 0)) as completionTokens,
        sum(cost_usd_micros) as costUsdMicros,
        sum(cache is not null) as cacheHits,
        sum(saved_usd_micros) as savedUsdMicros
      from ${modelCalls} where ${where} group by provider, model order by provider, model`),
    ctx.db.all<Times>(sql`
      select provider, model, duration_ms as durationMs, first_token_ms as firstTokenMs
      from ${modelCalls} where ${where} and cache is null and status = 'succeeded'
      order by started_at desc limit ${MAX_RANKED}`),
  ]);
  const byModel = Map.groupBy(times, nameOf);
  return sums.map((sum) => performanceOf(sum, byModel.get(nameOf(sum)) ?? []));
}

function chosen(ctx: ServiceContext, { model }: PerformanceQuery, from: number, to: number) {
  const span = sql`tenant_id = ${ctx.tenant.id} and started_at >= ${from} and started_at < ${to}`;
  if (model === undefined) return span;
  const name = parseModelName(model) ?? { provider: model, model: "" };
  return sql`${span} and provider = ${name.provider} and model = ${name.model}`;
}

function performanceOf({ cacheHits, calls, failures, ...sums }: Sums, times: readonly Times[]): ModelPerformance {
  const latency = rising(times.map(({ durationMs }) => durationMs));
  const first = rising(times.flatMap(({ firstTokenMs }) => (firstTokenMs === null ? [] : [firstTokenMs])));
  return {
    ...sums,
    calls,
    failures,
    errorRate: calls === 0 ? 0 : failures / calls,
    latencyMs: { p50: at(latency, 50), p95: at(latency, 95), p99: at(latency, 99) },
    firstTokenMs: { p50: at(first, 50), p95: at(first, 95) },
    cacheHits,
    hitRate: cacheHits === 0 ? 0 : cacheHits / (cacheHits + calls - failures),
  };
}

function rising(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function at(values: readonly number[], percentile: number): number | null {
  return values[percentileRank(values.length, percentile) - 1] ?? null;
}

function nameOf({ provider, model }: { provider: string; model: string }): string {
  return `${provider}/${model}`;
}
