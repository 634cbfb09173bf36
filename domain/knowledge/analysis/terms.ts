// One analysis for index, query, reranker and answers: what counts as the same word.
import type { Language } from "./language.ts";
import { porterStem } from "./porter.ts";
import { folded, type ScriptRun, scriptRuns } from "./script.ts";
import { ENGLISH_STOP_WORDS } from "./stop-words.ts";

/** A longer run of letters is data (a key, base64); its beginning is enough to find it by. */
const MAX_WORD = 64;
/** Prefix lengths that did best on the collections of docs/retrieval.md. */
const LATIN_PREFIX = 6;
const ALPHABETIC_PREFIX = 5;

export function terms(text: string, language: Language): string[] {
  return termsOf(wordsOf(text), language);
}

export function wordsOf(text: string): ScriptRun[] {
  return scriptRuns(folded(text));
}

export function termsOf(words: readonly ScriptRun[], language: Language): string[] {
  return words.flatMap((word) => formsOf(word, language));
}

/** The terms that one word is indexed under, in order; none for a stop word. */
export function formsOf({ script, word }: ScriptRun, language: Language): readonly string[] {
  switch (script) {
    case "latin":
      return latinForms(word, language);
    case "ideographic":
      return grams(word, 2);
    case "unspaced":
      return grams(word, 3);
    case "abjad":
      return grams(word, 4);
    case "alphabetic":
      return [firstCharacters(word, ALPHABETIC_PREFIX)];
  }
}

function latinForms(word: string, language: Language): readonly string[] {
  if (/\p{N}/u.test(word)) return [word.slice(0, MAX_WORD)];
  if (language === "other") return [firstCharacters(word, LATIN_PREFIX)];
  return ENGLISH_STOP_WORDS.has(word) ? [] : [stemmed(word.slice(0, MAX_WORD))];
}

function firstCharacters(word: string, count: number): string {
  return word.length <= count
    ? word
    : Array.from(word.slice(0, count * 2))
        .slice(0, count)
        .join("");
}

function grams(word: string, size: number): string[] {
  const characters = Array.from(word);
  if (characters.length <= size) return [word];
  return Array.from({ length: characters.length - size + 1 }, (_, at) => characters.slice(at, at + size).join(""));
}

/** Stems of recent words: text repeats itself, and a stem costs a dozen expressions. */
const STEMS = new Map<string, string>();
const MAX_STEMS = 20_000;

function stemmed(word: string): string {
  const known = STEMS.get(word);
  if (known !== undefined) return known;
  if (STEMS.size >= MAX_STEMS) STEMS.clear();
  const stem = porterStem(word);
  STEMS.set(word, stem);
  return stem;
}
