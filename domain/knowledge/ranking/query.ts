import type { Language } from "../analysis/language.ts";
import { withoutQuestionWords } from "../analysis/question-words.ts";
import { folded, isCutIntoGrams, scriptRuns } from "../analysis/script.ts";
import { GAP, stopPairs } from "../analysis/stop-pairs.ts";
import { termId } from "../analysis/term-id.ts";
import { formsOf } from "../analysis/terms.ts";

/** One thing that the query asks for, under every form that the index may hold it. */
export interface QueryTerm {
  readonly ids: readonly number[];
  readonly count: number;
  /** A run of characters rather than a word; see isCutIntoGrams. */
  readonly isGram: boolean;
}

/** What a query's terms are: its words, or the pairs of them where all are stop words. */
export type TermKind = "words" | "stop-pairs";

export interface AnalysedQuery {
  readonly kind: TermKind;
  readonly terms: readonly QueryTerm[];
  /** Indexes into `terms`, in the order of the query; neighbours here are neighbours there. */
  readonly sequence: readonly number[];
}

/** A question has a dozen terms; the rest of a pasted page adds cost and no aim. */
const MAX_TERMS = 256;

/** `languages` are those that the index holds: a word is looked up as each of them would have written it. */
export function analysedQuery(text: string, languages: readonly Language[]): AnalysedQuery {
  const words = scriptRuns(withoutQuestionWords(folded(text), languages));
  const asked = words.flatMap((word) =>
    alternatives(languages.map((language) => formsOf(word, language))).map((forms) => ({
      forms,
      isGram: isCutIntoGrams(word.script),
    })),
  );
  if (asked.length > 0 || !languages.includes("english")) return { kind: "words", ...counted(asked) };
  const pairs = stopPairs(words).filter((pair) => pair !== GAP);
  return { kind: "stop-pairs", ...counted(pairs.map((pair) => ({ forms: [pair], isGram: false }))) };
}

interface AskedTerm {
  readonly forms: readonly string[];
  readonly isGram: boolean;
}

function counted(asked: readonly AskedTerm[]): Omit<AnalysedQuery, "kind"> {
  const counts = new Map<string, QueryTerm & { index: number; count: number }>();
  const sequence: number[] = [];
  for (const { forms, isGram } of asked) {
    const key = forms.join(" ");
    const known = counts.get(key) ?? { index: counts.size, ids: forms.map(termId), count: 0, isGram };
    if (known.index >= MAX_TERMS) continue;
    known.count += 1;
    counts.set(key, known);
    sequence.push(known.index);
  }
  return { terms: [...counts.values()].map(({ ids, count, isGram }) => ({ ids, count, isGram })), sequence };
}

/** Forms of one word by language, regrouped by position. A stop word of one language is not asked of the others. */
function alternatives(byLanguage: readonly (readonly string[])[]): string[][] {
  const positions = Math.min(...byLanguage.map((forms) => forms.length));
  return Array.from({ length: Number.isFinite(positions) ? positions : 0 }, (_, at) => [
    ...new Set(byLanguage.flatMap((forms) => forms[at] ?? [])),
  ]);
}
