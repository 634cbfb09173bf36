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
/** So many show what is wrong with the judgements. */
const MAX_UNKNOWN = 100;
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
  const judged = await judgedDocuments(ctx, knowledgeBaseId, queries);
  const measure = (searched: SearchConfiguration) => measured(ctx, knowledgeBaseId, { queries, k, judged, searched });
  const first = await measure(configuration);
  const unknownDocuments = unknownNames(queries, judged).slice(0, MAX_UNKNOWN);
  const result = { ...first, knowledgeBaseId, k, unknownDocuments };
  if (compareWith === undefined) return result;
  return { ...result, comparison: comparison(first, await measure(compareWith)) };
}

interface Measuring {
  queries: readonly EvaluationQuery[];
  k: number;
  judged: JudgedDocuments;
  searched: SearchConfiguration;
}

async function measured(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  { queries, k, judged, searched }: Measuring,
): Promise<Measurement> {
  const topK = Math.min(MAX_PASSAGES, k * PASSAGES_A_DOCUMENT);
  const perQuery = await mapped(queries, async ({ id, text, relevant }) => {
    const startedAt = ctx.clock.now();
    const { results } = await searchKnowledge(ctx, knowledgeBaseId, { ...searched, query: text, topK });
    const latencyMs = ctx.clock.now() - startedAt;
    const retrieved = [...new Set(results.map(({ documentId }) => nameOf(documentId, relevant, judged)))].slice(0, k);
    return { id, retrieved, latencyMs, ...queryMetrics(retrieved, new Map(Object.entries(relevant)), k) };
  });
  const latencies = perQuery.map(({ latencyMs }) => latencyMs);
  const latency = { p50Ms: quantile(latencies, 0.5), p95Ms: quantile(latencies, 0.95) };
  return { configuration: searched, ...meanMetrics(perQuery), latency, perQuery };
}

/** The external ids, by id, of the documents that a judgement names by either. */
type JudgedDocuments = ReadonlyMap<string, string | null>;

async function judgedDocuments(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  queries: readonly EvaluationQuery[],
): Promise<JudgedDocuments> {
  const names = JSON.stringify(namesIn(queries));
  const named = sql`(select value from json_each(${names}))`;
  const rows = await ctx.db
    .select({ id: documents.id, externalId: documents.externalId })
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, ctx.tenant.id),
        eq(documents.knowledgeBaseId, knowledgeBaseId),
        or(inArray(documents.id, named), inArray(documents.externalId, named)),
      ),
    );
  return new Map(rows.map(({ id, externalId }) => [id, externalId]));
}

function namesIn(queries: readonly EvaluationQuery[]): string[] {
  return [...new Set(queries.flatMap(({ relevant }) => Object.keys(relevant)))];
}

/** As the query's own judgement names the document; where it does not, by its external id, if others name it so. */
function nameOf(documentId: string, relevant: EvaluationQuery["relevant"], judged: JudgedDocuments): string {
  return Object.hasOwn(relevant, documentId) ? documentId : (judged.get(documentId) ?? documentId);
}

function unknownNames(queries: readonly EvaluationQuery[], judged: JudgedDocuments): string[] {
  const known = new Set([...judged].flat());
  return namesIn(queries).filter((name) => !known.has(name));
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
