import { and, eq, inArray, sql } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import type { IndexQuery, IndexSearchOutcome } from "../../domain/knowledge/index-contract.ts";
import { highlights } from "../../domain/knowledge/ranking/highlights.ts";
import type { SearchRequest, SearchResponse, SearchResult } from "../../domain/knowledge/search.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { embedQuery } from "./embedding.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
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
  const startedAt = ctx.clock.now();
  const knowledgeBase = await loadKnowledgeBase(ctx, knowledgeBaseId);
  const embedAt = ctx.clock.now();
  const query = await indexQuery(ctx, knowledgeBase, request);
  const embedMs = ctx.clock.now() - embedAt;
  const { results, timings, isCached } = await shown(ctx, knowledgeBase, query);
  return {
    results: request.highlight ? results.map((result) => highlighted(result, request.query)) : results,
    timings: { ...timings, embedMs, requestMs: ctx.clock.now() - startedAt },
    cache: isCached ? "hit" : "miss",
  };
}

function highlighted(result: SearchResult, query: string): SearchResult {
  return { ...result, highlights: highlights(query, result.text) };
}

async function indexQuery(
  ctx: ServiceContext,
  { embeddingModel }: KnowledgeBaseRow,
  { query, topK, mode, rerank, filter, minScore }: SearchRequest,
): Promise<IndexQuery> {
  const embedded = mode === "keyword" ? null : await embedQuery(ctx, embeddingModel, query);
  return {
    query,
    topK,
    mode,
    rerank,
    minScore,
    ...(filter !== undefined && { filter }),
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
    const versions = await indexedVersions(ctx, knowledgeBase.id, found.results);
    const leftovers = new Set<string>();
    const visible = found.results.flatMap((result) => {
      const { documentId, version } = ofIndexEntry(result.documentId);
      if (versions.get(documentId) === version) return [{ ...result, documentId }];
      leftovers.add(result.documentId);
      return [];
    });
    if (leftovers.size === 0 || round === MAX_ROUNDS) return { ...found, results: visible };
    without.push(...leftovers);
  }
}

async function searched(ctx: ServiceContext, { id }: KnowledgeBaseRow, query: IndexQuery): Promise<Found> {
  const outcome = await ctx.ports.knowledgeIndexes.of(ctx.tenant.id, id).search(query);
  if (outcome.found) return outcome;
  if (outcome.reason === "embedder-mismatch") {
    throw problem("conflict", { detail: `The index holds ${outcome.detail}.` });
  }
  throw problem("validation-failed", { errors: [{ pointer: "/filter", detail: outcome.detail }] });
}

/** What the rows say is to be shown: the index follows them by a task, and is never ahead of them for a reader. */
async function indexedVersions(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  results: readonly SearchResult[],
): Promise<Map<string, number | null>> {
  if (results.length === 0) return new Map();
  const ids = JSON.stringify([...new Set(results.map((result) => ofIndexEntry(result.documentId).documentId))]);
  const rows = await ctx.db
    .select({ id: documents.id, indexedVersion: documents.indexedVersion })
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, ctx.tenant.id),
        eq(documents.knowledgeBaseId, knowledgeBaseId),
        // A statement takes a hundred parameters, so the ids travel as one.
        inArray(documents.id, sql`(select value from json_each(${ids}))`),
      ),
    );
  return new Map(rows.map(({ id, indexedVersion }) => [id, indexedVersion]));
}
