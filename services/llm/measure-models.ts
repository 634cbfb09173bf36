import { eq, sql } from "drizzle-orm";
import { DAY_MS, isoTime } from "../../domain/kernel/time.ts";
import { parseModelName } from "../../domain/llm/model-name.ts";
import {
  type CallSums,
  type CallTimes,
  type ModelPerformance,
  type Performance,
  performanceOf,
} from "../../domain/llm/model-performance.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { driftReports, feedback, modelCalls } from "./table.ts";

export interface PerformanceQuery {
  /** `provider/model`; all models where absent. */
  model?: string | undefined;
  route?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
}

const DEFAULT_SPAN_MS = 7 * DAY_MS;
/** Percentiles need every call in order; of more than these, the latest of each model are taken. */
const MAX_RANKED = 20_000;

/** By whom a call was answered, and as which version of which route. */
interface Place {
  provider: string;
  model: string;
  route: string | null;
  version: number | null;
}

type Part = Place & CallSums;
type Timed = Place & CallTimes;
type DriftOf = (subject: string) => Performance["drift"];

/** How the tenant's models did: latency of answers, error rate, tokens and cost, ratings, and what the cache saved. */
export async function measureModels(ctx: ServiceContext, query: PerformanceQuery): Promise<ModelPerformance[]> {
  requirePermission(ctx, "llm:read");
  const to = query.to ?? ctx.clock.now() + 1;
  const where = chosen(ctx, query, query.from ?? to - DEFAULT_SPAN_MS, to);
  const place = sql.raw("provider, model, route, route_version as version");
  const [parts, times, driftOf] = await Promise.all([
    ctx.db.all<Part>(sql`
      select ${place},
        sum(cache is null) as calls,
        sum(cache is null and status in ('failed', 'interrupted')) as failures,
        sum(iif(cache is null, prompt_tokens, 0)) as promptTokens,
        sum(iif(cache is null, completion_tokens, 0)) as completionTokens,
        sum(cost_usd_micros) as costUsdMicros,
        sum(cache is not null) as cacheHits,
        sum(saved_usd_micros) as savedUsdMicros,
        coalesce(sum(rated.count), 0) as ratings,
        coalesce(sum(rated.sum), 0) as ratingSum
      from ${modelCalls} left join (
        select target, count(*) as count, sum(rating) as sum from ${feedback}
        where tenant_id = ${ctx.tenant.id} group by target
      ) as rated
        -- Neither a target that failed on the way to the answer nor a guardrail's judge gave it.
        on rated.target = request_id and status = 'succeeded' and finish_reason is not null and cache is null
      where ${where} group by provider, model, route, route_version order by provider, model, route, route_version`),
    ctx.db.all<Timed>(sql`
      select ${place}, duration_ms as durationMs, first_token_ms as firstTokenMs
      from ${modelCalls} where ${where} and cache is null and status = 'succeeded'
      order by started_at desc limit ${MAX_RANKED}`),
    driftsOf(ctx),
  ]);
  const timesOf = Map.groupBy(times, nameOf);
  return [...Map.groupBy(parts, nameOf)].map(([name, ofModel]) =>
    modelPerformance(ofModel, timesOf.get(name) ?? [], driftOf),
  );
}

function modelPerformance(parts: readonly Part[], times: readonly Timed[], driftOf: DriftOf): ModelPerformance {
  const { provider = "", model = "" } = parts[0] ?? {};
  return {
    provider,
    model,
    ...performanceOf(parts, times, driftOf(`${provider}/${model}`)),
    routeVersions: parts.flatMap((part) => {
      const { route, version } = part;
      if (route === null || version === null) return [];
      const ofVersion = times.filter((time) => time.route === route && time.version === version);
      return [{ route, version, ...performanceOf([part], ofVersion, driftOf(`${route}@${version}`)) }];
    }),
  };
}

function chosen(ctx: ServiceContext, { model, route }: PerformanceQuery, from: number, to: number) {
  const span = sql`tenant_id = ${ctx.tenant.id} and started_at >= ${from} and started_at < ${to}`;
  const ofRoute = route === undefined ? span : sql`${span} and route = ${route}`;
  if (model === undefined) return ofRoute;
  const name = parseModelName(model) ?? { provider: model, model: "" };
  return sql`${ofRoute} and provider = ${name.provider} and model = ${name.model}`;
}

/** The last looks, by `provider/model` or `route@version`. */
async function driftsOf({ db, tenant }: ServiceContext): Promise<DriftOf> {
  const rows = await db.select().from(driftReports).where(eq(driftReports.tenantId, tenant.id));
  const drifts = new Map(
    rows.map(({ subject, at, report: { routeVersion, hasDrifted } }) => [
      routeVersion ? `${subject}@${routeVersion}` : subject,
      { hasDrifted, at: isoTime(at) },
    ]),
  );
  return (subject) => drifts.get(subject) ?? null;
}

function nameOf({ provider, model }: Place): string {
  return `${provider}/${model}`;
}
