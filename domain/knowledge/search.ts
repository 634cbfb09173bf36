import * as z from "zod";
import { Filter } from "./filter.ts";
import { Metadata } from "./metadata.ts";

export const SearchMode = z.enum(["hybrid", "vector", "keyword"]).meta({ id: "SearchMode" });
export type SearchMode = z.infer<typeof SearchMode>;

/** Long enough for a pasted paragraph; a longer text is a document, not a question. */
export const MAX_QUERY_CHARACTERS = 10_000;

/** A best result below this is likely of another topic: answering from it would be inventing. */
export const RELEVANT_SCORE = 0.5;

/** The name by which the platform's own cross-encoder is asked for. */
export const CROSS_ENCODER = "cross-encoder";

export const Rephrasing = z
  .strictObject({
    model: z.string().min(1).max(200).describe("A chat model: provider/model or a model route."),
    count: z.int().min(1).max(4).default(3),
  })
  .meta({ id: "Rephrasing" });
export type Rephrasing = z.infer<typeof Rephrasing>;

export const Reranking = z
  .strictObject({
    by: z.string(),
    isApplied: z.boolean().describe("False when the judge did not answer in time: the order is then the index's own."),
    reason: z.string().optional(),
  })
  .meta({ id: "Reranking" });
export type Reranking = z.infer<typeof Reranking>;

export const Degradation = z
  .strictObject({ by: z.string().describe("What did not answer."), reason: z.string() })
  .meta({ id: "Degradation" });
export type Degradation = z.infer<typeof Degradation>;

export const SearchRequest = z
  .strictObject({
    query: z.string().trim().min(1).max(MAX_QUERY_CHARACTERS),
    topK: z.int().min(1).max(100).default(10),
    mode: SearchMode.default("hybrid"),
    rerank: z.boolean().default(true).describe("Orders the candidates by phrase, window, coverage and title as well."),
    filter: Filter.optional(),
    minScore: z.number().min(0).max(1).default(0),
    diversity: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("How far results that say the same as better ones stand back: 0, as by default, not at all."),
    reranker: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe(
        "A second judge over the best results: `cross-encoder`, or a chat model (provider/model or a model route) that grades them.",
      ),
    rephrase: Rephrasing.optional().describe("Searches for other words of the same question as well."),
    highlight: z.boolean().optional().describe("Says where the query's words stand in each text."),
  })
  .meta({ id: "SearchRequest", example: { query: "How many days of parental leave are paid?", topK: 5 } });
export type SearchRequest = z.infer<typeof SearchRequest>;

/** How to search, whatever is asked. */
export const SearchConfiguration = SearchRequest.omit({ query: true, topK: true }).meta({ id: "SearchConfiguration" });
export type SearchConfiguration = z.infer<typeof SearchConfiguration>;

export const SearchResult = z
  .strictObject({
    documentId: z.string(),
    externalId: z.string().optional().describe("Your own id of the document, where it has one."),
    chunkId: z.string(),
    title: z.string(),
    text: z.string().describe("Verbatim slice [start, end) of the document's stored text."),
    start: z.int().nonnegative(),
    end: z.int().nonnegative(),
    headingPath: z.array(z.string()),
    score: z.number().min(0).max(1).describe("Relevance, comparable between queries; never rises down the list."),
    scores: z
      .strictObject({ keyword: z.number(), vector: z.number(), rerank: z.number() })
      .partial()
      .describe("BM25, cosine and the reranker's score before calibration."),
    metadata: Metadata,
    highlights: z
      .array(z.strictObject({ start: z.int().nonnegative(), end: z.int().nonnegative() }))
      .optional()
      .describe("Where the query's words stand: spans of `text`."),
  })
  .meta({ id: "SearchResult" });
export type SearchResult = z.infer<typeof SearchResult>;

export const SearchTimings = z
  .strictObject({
    analyseMs: z.number(),
    keywordMs: z.number(),
    vectorMs: z.number(),
    rankMs: z.number(),
    loadMs: z.number(),
    totalMs: z.number(),
  })
  .meta({ id: "SearchTimings", description: "Deployed, clocks stand still between I/O, so parts may read 0." });
export type SearchTimings = z.infer<typeof SearchTimings>;

/** Of an answer that was known. */
export const NO_TIME: SearchTimings = { analyseMs: 0, keywordMs: 0, vectorMs: 0, rankMs: 0, loadMs: 0, totalMs: 0 };

export const SearchResponse = z
  .strictObject({
    results: z.array(SearchResult),
    timings: SearchTimings.extend({
      embedMs: z.number().describe("For the queries' vectors, where a model makes them."),
      rephraseMs: z.number(),
      rerankMs: z.number().describe("Of the second judge; the index's own reranking is in rankMs."),
      requestMs: z.number().describe("From the request to its answer."),
    }),
    queries: z.array(z.string()).describe("What was searched for: the query, then its rephrasings."),
    reranking: Reranking.optional(),
    degraded: Degradation.optional().describe(
      "Present when the vector index did not answer: what shares no word with the query may be missing.",
    ),
    cache: z.enum(["hit", "miss"]).describe("Whether the index had answered this query since it last changed."),
  })
  .meta({ id: "SearchResponse" });
export type SearchResponse = z.infer<typeof SearchResponse>;
