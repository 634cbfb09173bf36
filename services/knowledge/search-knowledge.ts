import { and, eq, inArray, sql } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import type { IndexQuery } from "../../domain/knowledge/index-contract.ts";
import type { SearchRequest, SearchResponse, SearchResult } from "../../domain/knowledge/search.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { embedQuery } from "./embedding.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { ofIndexEntry } from "./revision.ts";
import { documents, type KnowledgeBaseRow } from "./table.ts";

/** The index gives at most this many. */
const MAX_RESULTS = 100;

export async function searchKnowledge(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  request: SearchRequest,
): Promise<SearchResponse> {
  requirePermission(ctx, "knowledge:read");
  const knowledgeBase = await loadKnowledgeBase(ctx, knowledgeBaseId);
  const query = await indexQuery(ctx, knowledgeBase, request);
  const first = await shown(ctx, knowledgeBase, query);
  const { hidden } = first;
  if (hidden === 0 || request.topK >= MAX_RESULTS) return first.response;
  // Results of a replaced or deleted document took places: ask for as many more.
  const topK = Math.min(MAX_RESULTS, request.topK + hidden);
  const { response } = await shown(ctx, knowledgeBase, { ...query, topK });
  return { ...response, results: response.results.slice(0, request.topK) };
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

async function shown(
  ctx: ServiceContext,
  knowledgeBase: KnowledgeBaseRow,
  query: IndexQuery,
): Promise<{ response: SearchResponse; hidden: number }> {
  const outcome = await ctx.ports.knowledgeIndexes.of(ctx.tenant.id, knowledgeBase.id).search(query);
  if (!outcome.found) {
    if (outcome.reason === "embedder-mismatch")
      throw problem("conflict", { detail: `The index holds ${outcome.detail}.` });
    throw problem("validation-failed", { errors: [{ pointer: "/filter", detail: outcome.detail }] });
  }
  const { results, timings } = outcome;
  const versions = await indexedVersions(ctx, knowledgeBase.id, results);
  const visible = results.flatMap((result) => {
    const { documentId, version } = ofIndexEntry(result.documentId);
    return versions.get(documentId) === version ? [{ ...result, documentId }] : [];
  });
  return { response: { results: visible, timings }, hidden: results.length - visible.length };
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
