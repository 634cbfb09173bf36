import { and, eq, inArray, or, sql } from "drizzle-orm";
import { comparison } from "../../domain/knowledge/evaluation/comparison.ts";
import type {
  EvaluationQuery,
  EvaluationRequest,
  EvaluationResult,
  Measurement,
} from "../../domain/knowledge/evaluation/evaluation.ts";
import { meanMetrics, quantile, queryMetrics } from "../../domain/knowledge/evaluation/metrics.ts";
import type { SearchConfiguration } from "../../domain/knowledge/search.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { searchKnowledge } from "./search-knowledge.ts";
import { documents } from "./table.ts";

/** Several passages of one document count as one find, so more are asked for than documents are judged. */
const PASSAGES_A_DOCUMENT = 3;
const MAX_PASSAGES = 100;
// Searches of one index queue in its object; a few in flight hide the way there and back.
const IN_FLIGHT = 4;

/**
 * How well searches find what people judged to be relevant, and how another way of searching does beside it. Takes as long as
 * all of its queries: for a task.
 */
export async function evaluateKnowledge(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  { queries, k, configuration, compareWith }: EvaluationRequest,
): Promise<EvaluationResult> {
  requirePermission(ctx, "knowledge:read");
  await loadKnowledgeBase(ctx, knowledgeBaseId);
  const nameOf = await judgedNames(ctx, knowledgeBaseId, queries);
  const measure = (searched: SearchConfiguration) => measured(ctx, knowledgeBaseId, { queries, k, nameOf, searched });
  const first = await measure(configuration);
  const result = { ...first, knowledgeBaseId, k };
  if (compareWith === undefined) return result;
  return { ...result, comparison: comparison(first, await measure(compareWith)) };
}

interface Measuring {
  queries: readonly EvaluationQuery[];
  k: number;
  nameOf: (documentId: string) => string;
  searched: SearchConfiguration;
}

async function measured(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  { queries, k, nameOf, searched }: Measuring,
): Promise<Measurement> {
  const topK = Math.min(MAX_PASSAGES, k * PASSAGES_A_DOCUMENT);
  const perQuery = await mapped(queries, async ({ id, text, relevant }) => {
    const startedAt = ctx.clock.now();
    const { results } = await searchKnowledge(ctx, knowledgeBaseId, { ...searched, query: text, topK });
    const latencyMs = ctx.clock.now() - startedAt;
    const retrieved = [...new Set(results.map(({ documentId }) => nameOf(documentId)))].slice(0, k);
    return { id, retrieved, latencyMs, ...queryMetrics(retrieved, new Map(Object.entries(relevant)), k) };
  });
  const latencies = perQuery.map(({ latencyMs }) => latencyMs);
  const latency = { p50Ms: quantile(latencies, 0.5), p95Ms: quantile(latencies, 0.95) };
  return { configuration: searched, ...meanMetrics(perQuery), latency, perQuery };
}

/** The judges may say a document's id or its external id: what they said is how its finds are named. */
async function judgedNames(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  queries: readonly EvaluationQuery[],
): Promise<(documentId: string) => string> {
  const names = JSON.stringify([...new Set(queries.flatMap(({ relevant }) => Object.keys(relevant)))]);
  const judged = sql`(select value from json_each(${names}))`;
  const rows = await ctx.db
    .select({ id: documents.id, externalId: documents.externalId })
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, ctx.tenant.id),
        eq(documents.knowledgeBaseId, knowledgeBaseId),
        or(inArray(documents.id, judged), inArray(documents.externalId, judged)),
      ),
    );
  const said = new Set(queries.flatMap(({ relevant }) => Object.keys(relevant)));
  const nameById = new Map(rows.map(({ id, externalId }) => [id, said.has(id) ? id : (externalId ?? id)]));
  return (documentId) => nameById.get(documentId) ?? documentId;
}

async function mapped<T, R>(items: readonly T[], use: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const lane = async () => {
    for (const [index, item] of entries) results[index] = await use(item);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return results;
}
