// Pairs of neighbouring stop words ("common grams"). They find what is asked for in stop words alone: "to be or not to be", "the who".
// They are indexed beside the terms and not among them, so no other query sees them.
import type { ScriptRun } from "./script.ts";
import { ENGLISH_STOP_WORDS } from "./stop-words.ts";

/** Stands between pairs that do not follow each other, and after the last one. No query asks for it. */
export const GAP = "";

/** In their order. A text of one word, if that is a stop word, is found by it. */
export function stopPairs(words: readonly ScriptRun[]): string[] {
  const [first] = words;
  if (first !== undefined && words.length === 1)
    return ENGLISH_STOP_WORDS.has(first.word) ? [alone(first.word), GAP] : [];
  const pairs: string[] = [];
  let before: string | null = null;
  for (const { word } of words) {
    const stopWord = ENGLISH_STOP_WORDS.has(word) ? word : null;
    if (before !== null) pairs.push(stopWord === null ? GAP : stopPair(before, stopWord));
    before = stopWord;
  }
  if (before !== null) pairs.push(GAP);
  return pairs.filter((pair, at) => pair !== GAP || (pairs[at - 1] ?? GAP) !== GAP);
}

export function stopPair(first: string, second: string): string {
  return `${first} ${second}`;
}

/** Other than any pair, and other than the word as other languages index it. */
function alone(stopWord: string): string {
  return `^${stopWord}$`;
}
