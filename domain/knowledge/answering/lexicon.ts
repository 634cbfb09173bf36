import { languageOf } from "../analysis/language.ts";
import { withoutQuestionWords } from "../analysis/question-words.ts";
import { folded, isCutIntoGrams, scriptRuns } from "../analysis/script.ts";
import { ENGLISH_STOP_WORDS } from "../analysis/stop-words.ts";
import { termId } from "../analysis/term-id.ts";
import { formsOf } from "../analysis/terms.ts";
import { LANGUAGES } from "../index-totals.ts";
import { inverseDocumentFrequency, UNKNOWN_GRAM_WEIGHT } from "../ranking/weights.ts";

/** What words weigh among a handful of sentences: one that few of them hold says more. */
export interface Lexicon {
  termsOf(text: string): ReadonlySet<number>;
  /** The terms of a question, without the words that make it one. */
  termsOfQuestion(question: string): ReadonlySet<number>;
  /** The part of the weight of `wanted` that `given` holds; 0 when nothing is wanted. */
  cover(wanted: ReadonlySet<number>, given: ReadonlySet<number>): number;
}

const NONE: ReadonlySet<string> = new Set();

export function lexiconOf(texts: readonly string[]): Lexicon {
  const language = languageOf(texts.join("\n"));
  const grams = new Set<number>();
  const termsOfFolded = (text: string, skipped: ReadonlySet<string> = NONE) => {
    const ids = new Set<number>();
    for (const run of scriptRuns(text)) {
      if (skipped.has(run.word)) continue;
      for (const form of formsOf(run, language)) {
        ids.add(termId(form));
        if (isCutIntoGrams(run.script)) grams.add(termId(form));
      }
    }
    return ids;
  };
  const termsOf = (text: string) => termsOfFolded(folded(text));
  const frequency = new Map<number, number>();
  for (const text of texts) for (const id of termsOf(text)) frequency.set(id, (frequency.get(id) ?? 0) + 1);
  const weight = (id: number) => {
    const known = frequency.get(id) ?? 0;
    const idf = inverseDocumentFrequency(known, texts.length);
    return known === 0 && grams.has(id) ? UNKNOWN_GRAM_WEIGHT * idf : idf;
  };
  return {
    termsOf,
    // A table holds no small words to tell its language by; those of an English question ask for nothing all the same.
    termsOfQuestion: (question) =>
      termsOfFolded(
        withoutQuestionWords(folded(question), LANGUAGES),
        languageOf(question) === "english" ? ENGLISH_STOP_WORDS : NONE,
      ),
    cover(wanted, given) {
      let total = 0;
      let covered = 0;
      for (const id of wanted) {
        total += weight(id);
        if (given.has(id)) covered += weight(id);
      }
      return total === 0 ? 0 : covered / total;
    },
  };
}
