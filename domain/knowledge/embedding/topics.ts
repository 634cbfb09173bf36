// A second signal, learned from the collection itself: words that keep the same company lie near each other (latent semantic
// analysis). Terms of a sample of chunks are weighed, and the largest singular directions of the sample become the topics.
//   T1  the same sample gives the same topics: chance comes from a fixed hash.
//   T2  learning hands control back every few hundredths of a second, so that a search never waits for it to end.
import { mixed } from "../analysis/term-id.ts";
import { eigenvectors } from "./eigenvectors.ts";
import { orthonormalised, type SparseRows, times, transposedTimes } from "./sparse-rows.ts";

export const TOPICS = 128;
/** More directions than are kept make those that are kept exact. */
const DIRECTIONS = TOPICS + 16;
const POWER_ITERATIONS = 2;
/** Rarer ones say little about company; commoner ones keep company with all. */
const MIN_FREQUENCY = 2;
const MAX_SHARE = 0.5;
/** Six megabytes of topics. */
const MAX_TERMS = 12_000;

/** Each term's place among the topics, times its weight; the topics of a text are the sum of those of its terms. */
export interface TopicModel {
  readonly terms: ReadonlyMap<number, number>;
  readonly vectors: Float32Array;
  readonly weights: Float64Array;
}

/** `null` when the sample is too small or too uniform to learn from. */
export function* learnedTopics(sample: readonly Uint32Array[]): Generator<undefined, TopicModel | null> {
  if (sample.length <= DIRECTIONS * 2) return null;
  const frequencies = documentFrequencies(sample);
  yield;
  const kept = [...frequencies]
    .filter(([, frequency]) => frequency >= MIN_FREQUENCY && frequency < sample.length * MAX_SHARE)
    .toSorted(([a, x], [b, y]) => y - x || a - b)
    .slice(0, MAX_TERMS);
  if (kept.length <= DIRECTIONS) return null;
  const terms = new Map(kept.map(([term], index) => [term, index]));
  const weights = Float64Array.from(kept, ([, frequency]) => Math.log((sample.length + 1) / (frequency + 1)) + 1);
  yield;
  const rows = weighedRows(sample, terms, weights);
  let range = yield* times(rows, signs(kept.length), DIRECTIONS);
  for (let iteration = 0; iteration < POWER_ITERATIONS; iteration += 1) {
    yield* orthonormalised(range, DIRECTIONS);
    range = yield* times(rows, yield* transposedTimes(rows, range, kept.length, DIRECTIONS), DIRECTIONS);
  }
  yield* orthonormalised(range, DIRECTIONS);
  const projected = yield* transposedTimes(rows, range, kept.length, DIRECTIONS);
  const vectors = yield* topicsOf(projected, kept.length);
  for (let term = 0; term < kept.length; term += 1) {
    for (let topic = 0; topic < TOPICS; topic += 1) {
      vectors[term * TOPICS + topic] = (vectors[term * TOPICS + topic] ?? 0) * (weights[term] ?? 0);
    }
  }
  return { terms, vectors, weights };
}

/** Where a text lies among the topics; all zeros when it holds no known term. `vectorOf` gives a term's topics. */
export function topicVector(ids: Iterable<number>, vectorOf: (term: number) => Float32Array | undefined): Float32Array {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  const sum = new Float32Array(TOPICS);
  for (const [id, count] of counts) {
    const vector = vectorOf(id);
    if (vector === undefined) continue;
    const weight = 1 + Math.log(count);
    for (let topic = 0; topic < TOPICS; topic += 1) sum[topic] = (sum[topic] ?? 0) + weight * (vector[topic] ?? 0);
  }
  return sum;
}

function documentFrequencies(sample: readonly Uint32Array[]): Map<number, number> {
  const frequencies = new Map<number, number>();
  for (const ids of sample) {
    for (const id of new Set(ids)) frequencies.set(id, (frequencies.get(id) ?? 0) + 1);
  }
  return frequencies;
}

/** One row a chunk, of length one: a long chunk says no more about company than a short one. */
function weighedRows(
  sample: readonly Uint32Array[],
  terms: ReadonlyMap<number, number>,
  weights: Float64Array,
): SparseRows {
  const starts = [0];
  const columns: number[] = [];
  const values: number[] = [];
  for (const ids of sample) {
    const counts = new Map<number, number>();
    for (const id of ids) {
      const column = terms.get(id);
      if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1);
    }
    const row = [...counts].map(([column, count]) => (1 + Math.log(count)) * (weights[column] ?? 0));
    const length = Math.hypot(...row) || 1;
    columns.push(...counts.keys());
    values.push(...row.map((value) => value / length));
    starts.push(columns.length);
  }
  return { starts: Uint32Array.from(starts), columns: Uint32Array.from(columns), values: Float32Array.from(values) };
}

/** A matrix of +1 and -1 that looks like chance and is always the same. */
function signs(rows: number): Float32Array {
  return Float32Array.from({ length: rows * DIRECTIONS }, (_, at) => (mixed(at + 1) & 1) * 2 - 1);
}

/** The right singular vectors, row by row of a term, from the sample projected on its range. */
function* topicsOf(projected: Float32Array, terms: number): Generator<undefined, Float32Array> {
  const square = new Float64Array(DIRECTIONS * DIRECTIONS);
  for (let term = 0; term < terms; term += 1) {
    const row = projected.subarray(term * DIRECTIONS, (term + 1) * DIRECTIONS);
    for (let a = 0; a < DIRECTIONS; a += 1) {
      const value = row[a] ?? 0;
      if (value === 0) continue;
      for (let b = 0; b < DIRECTIONS; b += 1)
        square[a * DIRECTIONS + b] = (square[a * DIRECTIONS + b] ?? 0) + value * (row[b] ?? 0);
    }
    if (term % 1_000 === 999) yield;
  }
  const { values, vectors } = yield* eigenvectors(square, DIRECTIONS);
  const scales = Float64Array.from({ length: TOPICS }, (_, topic) => {
    const value = values[topic] ?? 0;
    return value > 1e-9 ? 1 / Math.sqrt(value) : 0;
  });
  const topics = new Float32Array(terms * TOPICS);
  for (let term = 0; term < terms; term += 1) {
    for (let direction = 0; direction < DIRECTIONS; direction += 1) {
      const value = projected[term * DIRECTIONS + direction] ?? 0;
      if (value === 0) continue;
      for (let topic = 0; topic < TOPICS; topic += 1) {
        const at = term * TOPICS + topic;
        topics[at] = (topics[at] ?? 0) + value * (vectors[direction * DIRECTIONS + topic] ?? 0) * (scales[topic] ?? 0);
      }
    }
    if (term % 1_000 === 999) yield;
  }
  return topics;
}
