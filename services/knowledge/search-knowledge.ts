import { and, eq, inArray, sql } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import type { IndexQuery, IndexSearchOutcome } from "../../domain/knowledge/index-contract.ts";
import { highlights } from "../../domain/knowledge/ranking/highlights.ts";
import { fused } from "../../domain/knowledge/ranking/judged.ts";
import type { SearchRequest, SearchResponse, SearchResult } from "../../domain/knowledge/search.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { embedQuery } from "./embedding.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { rephrasedQuery } from "./rephrase-query.ts";
import { JUDGED_RESULTS, rerankedResults } from "./rerank-results.ts";
import { ofIndexEntry } from "./revision.ts";
import { documents, type KnowledgeBaseRow } from "./table.ts";

// Each round leaves out what the one before found to be replaced or deleted; such leftovers live for seconds.
const MAX_ROUNDS = 3;

export async function searchKnowledge(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  request: SearchRequest,
): Promise<SearchResponse> {
  requirePermission(ctx, "knowledge:read");
  const watch = stopwatch(ctx);
  const base = await loadKnowledgeBase(ctx, knowledgeBaseId);
  const found = await searchIn(ctx, base, request, watch);
  if (found.results.length > 0) return found;
  // An index that went out of force since the row was read may have been cleared before it was asked.
  const now = await loadKnowledgeBase(ctx, knowledgeBaseId);
  return now.generation === base.generation ? found : searchIn(ctx, now, request, watch);
}

async function searchIn(
  ctx: ServiceContext,
  knowledgeBase: KnowledgeBaseRow,
  request: SearchRequest,
  watch: Stopwatch,
): Promise<SearchResponse> {
  watch.lap();
  const { query, rephrase, reranker } = request;
  const queries = [query, ...(rephrase === undefined ? [] : await rephrasedQuery(ctx, query, rephrase))];
  const rephraseMs = watch.lap();
  const asked = await Promise.all(queries.map((text) => indexQuery(ctx, knowledgeBase, { ...request, query: text })));
  const embedMs = watch.lap();
  const answers = await Promise.all(asked.map((one) => shown(ctx, knowledgeBase, one)));
  const [first] = answers as [Found, ...Found[]];
  watch.lap();
  const found = answers.length === 1 ? first.results : fused(answers.map(({ results }) => results));
  const again = reranker === undefined ? null : await rerankedResults(ctx, { reranker, query }, found);
  const rerankMs = watch.lap();
  const results = (again?.results ?? found).filter(({ score }) => score >= request.minScore).slice(0, request.topK);
  return {
    results: request.highlight ? results.map((result) => highlighted(result, query)) : results,
    queries,
    ...(again !== null && { reranking: again.reranking }),
    ...degradation(ctx, answers),
    timings: { ...first.timings, rephraseMs, embedMs, rerankMs, requestMs: watch.total() },
    cache: answers.every(({ isCached }) => isCached) ? "hit" : "miss",
  };
}

function degradation(ctx: ServiceContext, answers: readonly Found[]): Pick<SearchResponse, "degraded"> {
  const degraded = answers.find((answer) => answer.degraded !== undefined)?.degraded;
  if (degraded === undefined) return {};
  ctx.log.warn("knowledge.search-degraded", degraded);
  return { degraded };
}

interface Stopwatch {
  lap(): number;
  total(): number;
}

function stopwatch({ clock }: ServiceContext): Stopwatch {
  const startedAt = clock.now();
  let lapAt = startedAt;
  return {
    lap() {
      const before = lapAt;
      lapAt = clock.now();
      return lapAt - before;
    },
    total: () => clock.now() - startedAt,
  };
}

function highlighted(result: SearchResult, query: string): SearchResult {
  return { ...result, highlights: highlights(query, result.text) };
}

async function indexQuery(
  ctx: ServiceContext,
  { embeddingModel }: KnowledgeBaseRow,
  { query, topK, mode, rerank, filter, minScore, diversity, reranker }: SearchRequest,
): Promise<IndexQuery> {
  const embedded = mode === "keyword" ? null : await embedQuery(ctx, embeddingModel, query);
  return {
    query,
    // A second judge chooses among more than it will show, and its scores are the ones that a threshold means.
    topK: reranker === undefined ? topK : Math.max(topK, JUDGED_RESULTS),
    mode,
    rerank,
    minScore: reranker === undefined ? minScore : 0,
    ...(filter !== undefined && { filter }),
    ...(diversity !== undefined && { diversity }),
    ...(embedded !== null && { queryEmbedding: embedded.embedding, embedder: embedded.embedder }),
  };
}

type Found = IndexSearchOutcome & { found: true };

/**
 * What the index finds, without what is no longer to be shown. A leftover takes a place in the list and hides passages that say
 * the same as it, so the index is asked again as if it had gone.
 */
async function shown(ctx: ServiceContext, knowledgeBase: KnowledgeBaseRow, query: IndexQuery): Promise<Found> {
  const without: string[] = [];
  for (let round = 1; ; round++) {
    const found = await searched(ctx, knowledgeBase, without.length === 0 ? query : { ...query, without });
    const shownBy = await rowsShown(ctx, knowledgeBase.id, found.results);
    const leftovers = new Set<string>();
    const visible = found.results.flatMap((result) => {
      const { documentId, version } = ofIndexEntry(result.documentId);
      const row = shownBy.get(documentId);
      if (row?.indexedVersion === version) return [named(result, row)];
      leftovers.add(result.documentId);
      return [];
    });
    if (leftovers.size === 0 || round === MAX_ROUNDS) return { ...found, results: visible };
    without.push(...leftovers);
  }
}

async function searched(ctx: ServiceContext, base: KnowledgeBaseRow, query: IndexQuery): Promise<Found> {
  const { id, generation } = base;
  const outcome = await ctx.ports.knowledgeIndexes.of(ctx.tenant.id, id, generation).search(query);
  if (outcome.found) return outcome;
  if (outcome.reason === "embedder-mismatch") {
    throw problem("conflict", { detail: `The index holds ${outcome.detail}.` });
  }
  throw problem("validation-failed", { errors: [{ pointer: "/filter", detail: outcome.detail }] });
}

interface ShownRow {
  readonly id: string;
  readonly externalId: string | null;
  readonly indexedVersion: number | null;
}

/** By the names that a reader knows the document by. */
function named(result: SearchResult, { id, externalId }: ShownRow): SearchResult {
  return { ...result, documentId: id, ...(externalId !== null && { externalId }) };
}

/** What the rows say is to be shown: the index follows them by a task, and is never ahead of them for a reader. */
async function rowsShown(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  results: readonly SearchResult[],
): Promise<Map<string, ShownRow>> {
  if (results.length === 0) return new Map();
  const ids = JSON.stringify([...new Set(results.map((result) => ofIndexEntry(result.documentId).documentId))]);
  const rows = await ctx.db
    .select({ id: documents.id, externalId: documents.externalId, indexedVersion: documents.indexedVersion })
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, ctx.tenant.id),
        eq(documents.knowledgeBaseId, knowledgeBaseId),
        // A statement takes a hundred parameters, so the ids travel as one.
        inArray(documents.id, sql`(select value from json_each(${ids}))`),
      ),
    );
  return new Map(rows.map((row) => [row.id, row]));
}
