import type { Language } from "../analysis/language.ts";
import { termId } from "../analysis/term-id.ts";
import { formsOf } from "../analysis/terms.ts";
import type { WordWeight } from "../embedding/hashed.ts";
import type { AnalysedQuery } from "./query.ts";

/** A query term as this index knows it. */
export interface WeightedTerm {
  readonly ids: readonly number[];
  readonly count: number;
  /** Chunks that hold it under any form. */
  readonly documentFrequency: number;
  readonly idf: number;
  /** What its presence or absence says about the subject. */
  readonly weight: number;
}

/** A character run that no chunk holds mostly lies across two words of the query. */
export const UNKNOWN_GRAM_WEIGHT = 0.4;

/** Among fewer, that a term is in one says nothing of how common it is. */
const FEWEST = 10;

/** Robertson's inverse document frequency, kept above zero: a term in every chunk still counts a little. */
export function inverseDocumentFrequency(documentFrequency: number, total: number): number {
  return Math.log(1 + (Math.max(total, FEWEST) - documentFrequency + 0.5) / (documentFrequency + 0.5));
}

export function weightedTerms(
  query: AnalysedQuery,
  frequency: ReadonlyMap<number, number>,
  total: number,
): WeightedTerm[] {
  return query.terms.map(({ ids, count, isGram }) => {
    const sum = ids.reduce((frequencies, id) => frequencies + (frequency.get(id) ?? 0), 0);
    const documentFrequency = Math.min(total, sum);
    const idf = inverseDocumentFrequency(documentFrequency, total);
    const weight = isGram && documentFrequency === 0 ? UNKNOWN_GRAM_WEIGHT * idf : idf;
    return { ids, count, documentFrequency, idf, weight };
  });
}

/** A word of every chunk weighs next to nothing, and is all that there is to be near to where a filter leaves no rarer one. */
const LEAST_WORD = 0.5;

/** What a word weighs as a term of the query: nothing where it is none, like a stop word. */
export function wordWeights(terms: readonly WeightedTerm[], languages: readonly Language[]): WordWeight {
  const weightOf = new Map(
    terms.flatMap(({ ids, weight }) => ids.map((id) => [id, Math.max(LEAST_WORD, weight)] as const)),
  );
  return (word) => {
    const forms = languages.flatMap((language) => formsOf(word, language));
    return Math.max(0, ...forms.map((form) => weightOf.get(termId(form)) ?? 0));
  };
}

/** A fifth of all chunks, or this many: postings that a query may walk. Keeps 100,000 chunks under 10 ms, unseen in quality. */
const MIN_POSTINGS = 10_000;
const POSTING_SHARE = 0.2;

/** The rarest terms whose postings fit the budget; one at least. The others still count when candidates are scored. */
export function selectiveTerms(terms: readonly WeightedTerm[], total: number): WeightedTerm[] {
  const known = terms.filter((term) => term.documentFrequency > 0);
  const rarestFirst = known.toSorted((a, b) => a.documentFrequency - b.documentFrequency);
  const budget = Math.max(MIN_POSTINGS, POSTING_SHARE * total);
  let postings = 0;
  return rarestFirst.filter((term, index) => {
    postings += term.documentFrequency;
    return index === 0 || postings <= budget;
  });
}
