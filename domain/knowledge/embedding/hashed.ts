// `local/hash-embed`: an embedder without weights. Words and their letter n-grams are hashed into a fixed number of
// signed slots, so words that share letters share slots. It knows spelling, not meaning: it finds misspelled and
// inflected words, and is the weak one of two signals wherever keywords match.

import { folded, type ScriptRun, scriptRuns } from "../analysis/script.ts";
import { ENGLISH_STOP_WORDS } from "../analysis/stop-words.ts";
import { mixed, termId } from "../analysis/term-id.ts";
import { formsOf } from "../analysis/terms.ts";
import type { EmbedderIdentity } from "./embedder.ts";

export const HASHED_EMBEDDER: EmbedderIdentity = { model: "local/hash-embed", version: "1", dimensions: 384 };

const WORD_WEIGHT = 1;
const GRAM_WEIGHT = 0.5;
const MIN_GRAM = 3;
const MAX_GRAM = 5;
/** Past this a word is data; hashing all its grams would only add noise. */
const MAX_WORD = 32;

/** The unit vector of a text; all zeros when it holds no word. */
export function hashedEmbedding(text: string, dimensions: number = HASHED_EMBEDDER.dimensions): Float32Array {
  return embedded(text, dimensions, () => 1);
}

/** How much a query's word, or a gram of one, says of its subject. */
export type WordWeight = (word: ScriptRun) => number;

/**
 * The vector of a query whose words weigh as much as they are rare in the collection. Vectors of texts know no collection, and
 * need not: a word that weighs nothing on one side adds nothing to the cosine.
 */
export function hashedQuery(text: string, weightOf: WordWeight): Float32Array {
  return embedded(text, HASHED_EMBEDDER.dimensions, weightOf);
}

function embedded(text: string, dimensions: number, weightOf: WordWeight): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const [feature, weight] of weightedWords(text, weightOf)) addWord(vector, feature, weight);
  return normalised(vector);
}

export function normalised(vector: Float32Array): Float32Array {
  let square = 0;
  for (const value of vector) square += value * value;
  if (square > 0 && Number.isFinite(square)) {
    const scale = 1 / Math.sqrt(square);
    for (let slot = 0; slot < vector.length; slot += 1) vector[slot] = (vector[slot] ?? 0) * scale;
  }
  return vector;
}

function weightedWords(text: string, weightOf: WordWeight): Map<string, number> {
  const counts = new Map<string, { run: ScriptRun; count: number }>();
  for (const { script, word } of scriptRuns(folded(text))) {
    if (ENGLISH_STOP_WORDS.has(word)) continue;
    const isSpelled = script === "latin" || script === "alphabetic";
    for (const part of isSpelled ? [word] : formsOf({ script, word }, "other")) {
      const feature = isSpelled ? `^${part.slice(0, MAX_WORD)}$` : part;
      const counted = counts.get(feature) ?? { run: { script, word: part }, count: 0 };
      counted.count += 1;
      counts.set(feature, counted);
    }
  }
  return new Map([...counts].map(([feature, { run, count }]) => [feature, (1 + Math.log(count)) * weightOf(run)]));
}

/** A spelled word carries its "^" and "$" and is known by its grams as well; a gram of another script by itself. */
function addWord(vector: Float32Array, feature: string, weight: number): void {
  add(vector, termId(feature), weight * WORD_WEIGHT);
  if (!feature.startsWith("^")) return;
  for (let from = 0; from + MIN_GRAM <= feature.length; from += 1) {
    let hash = 0x811c9dc5;
    const limit = Math.min(feature.length, from + MAX_GRAM);
    for (let at = from; at < limit; at += 1) {
      hash = Math.imul(hash ^ feature.charCodeAt(at), 0x01000193);
      const isWhole = from === 0 && at === feature.length - 1;
      if (at - from + 1 >= MIN_GRAM && !isWhole) add(vector, mixed(hash), weight * GRAM_WEIGHT);
    }
  }
}

function add(vector: Float32Array, hash: number, weight: number): void {
  const slot = hash % vector.length;
  const sign = hash >= 0x80000000 ? -1 : 1;
  vector[slot] = (vector[slot] ?? 0) + sign * weight;
}
