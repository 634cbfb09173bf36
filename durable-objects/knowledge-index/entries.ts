import { type Language, languageOf } from "../../domain/knowledge/analysis/language.ts";
import { stopPairs } from "../../domain/knowledge/analysis/stop-pairs.ts";
import { termIds } from "../../domain/knowledge/analysis/term-id.ts";
import { termsOf, wordsOf } from "../../domain/knowledge/analysis/terms.ts";
import { contextualText } from "../../domain/knowledge/chunk.ts";
import { type EmbedderIdentity, sameEmbedder } from "../../domain/knowledge/embedding/embedder.ts";
import { HASHED_EMBEDDER, hashedEmbedding } from "../../domain/knowledge/embedding/hashed.ts";
import { type QuantisedVector, quantised } from "../../domain/knowledge/embedding/quantised.ts";
import type { IndexDocument, IndexedChunk, IndexOutcome } from "../../domain/knowledge/index-contract.ts";
import type { TokenList } from "../../domain/knowledge/ranking/hits.ts";

/** A chunk as the index keeps it: analysed and quantised, its text as it came. */
export interface Entry {
  readonly chunk: IndexedChunk;
  readonly tokens: TokenList;
  /** Of an English text; empty where the language has no stop words here. */
  readonly stopPairs: TokenList;
  readonly vector: QuantisedVector;
}

export type Refusal = Extract<IndexOutcome, { indexed: false }>;

/** One call carries 32 MiB at most, and one transaction should not hold the object for more than seconds. */
export const MAX_CHUNKS_PER_DOCUMENT = 4_000;

/** A word of the title counts as two of the text. */
const TITLE_WEIGHT = 2;

/** All of a document's entries, or why one of them cannot be. */
export function entriesOf(document: IndexDocument, embedder: EmbedderIdentity): readonly Entry[] | Refusal {
  if (document.chunks.length > MAX_CHUNKS_PER_DOCUMENT) {
    const detail = `${document.chunks.length} chunks; an index takes ${MAX_CHUNKS_PER_DOCUMENT} of one document`;
    return { indexed: false, reason: "document-too-large", detail };
  }
  const language = documentLanguage(document);
  const title = analysed(document.title, language);
  const entries: Entry[] = [];
  for (const chunk of document.chunks) {
    const vector = vectorOf(document.title, chunk, embedder);
    if (vector === null) {
      const detail = `chunk ${chunk.chunkId} needs ${embedder.dimensions} finite numbers of ${embedder.model}`;
      return { indexed: false, reason: "invalid-embedding", detail };
    }
    const headings = analysed(chunk.headingPath.join("\n"), language);
    const { tableHead, text } = chunk;
    const body = analysed(tableHead === undefined ? text : `${tableHead}\n${text}`, language);
    entries.push({
      chunk,
      tokens: tokenList(title.terms, headings.terms, body.terms),
      stopPairs: tokenList(title.stopPairs, headings.stopPairs, body.stopPairs),
      vector,
    });
  }
  return entries;
}

function analysed(text: string, language: Language): { terms: string[]; stopPairs: string[] } {
  const words = wordsOf(text);
  return { terms: termsOf(words, language), stopPairs: language === "english" ? stopPairs(words) : [] };
}

function tokenList(title: readonly string[], headings: readonly string[], body: readonly string[]): TokenList {
  const prefix = [...Array.from({ length: TITLE_WEIGHT }, () => title).flat(), ...headings];
  return { ids: termIds([...prefix, ...body]), prefixLength: prefix.length };
}

export function documentLanguage({ title, chunks }: IndexDocument) {
  const text = chunks
    .slice(0, 8)
    .map((chunk) => chunk.text)
    .join("\n");
  return languageOf(text === "" ? title : text);
}

function vectorOf(title: string, chunk: IndexedChunk, embedder: EmbedderIdentity): QuantisedVector | null {
  if (chunk.embedding === undefined) {
    if (!sameEmbedder(embedder, HASHED_EMBEDDER)) return null;
    return quantised(hashedEmbedding(contextualText(title, chunk)));
  }
  const isWhole = chunk.embedding.length === embedder.dimensions && Array.from(chunk.embedding).every(Number.isFinite);
  return isWhole ? quantised(chunk.embedding) : null;
}
