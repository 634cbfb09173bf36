import { describe, expect, test } from "vitest";
import { termId } from "../../../domain/knowledge/analysis/term-id.ts";
import { eigenvectors } from "../../../domain/knowledge/embedding/eigenvectors.ts";
import { learnedTopics, TOPICS, type TopicModel, topicVector } from "../../../domain/knowledge/embedding/topics.ts";

/** A small generator with a seed, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function completed<T>(work: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Texts of twenty worlds with a hundred words each, of which a text takes twenty. */
function texts(count: number): Uint32Array[] {
  const next = numbers(3);
  return Array.from({ length: count }, (_, at) =>
    Uint32Array.from({ length: 20 }, () => termId(word(at % 20, Math.floor(next() * 100)))),
  );
}

function word(world: number, number: number): string {
  return `world${world}word${number}`;
}

/** Ten words of a world, from the given one on. */
function ten(model: TopicModel, world: number, from: number): Float32Array {
  const ids = Array.from({ length: 10 }, (_, at) => termId(word(world, from + at)));
  return topicVector(ids, (term) => {
    const row = model.terms.get(term);
    return row === undefined ? undefined : model.vectors.subarray(row * TOPICS, (row + 1) * TOPICS);
  });
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function learned(sample: readonly Uint32Array[]): TopicModel {
  const model = completed(learnedTopics(sample));
  if (model === null) throw new Error("nothing was learned");
  return model;
}

describe("topics", () => {
  const model = learned(texts(1_000));

  test("bring texts together that share company and no word, and are the same every time", () => {
    for (const world of [0, 7, 19]) {
      expect(cosine(ten(model, world, 0), ten(model, world, 50))).toBeGreaterThan(0.4);
      expect(Math.abs(cosine(ten(model, world, 0), ten(model, (world + 1) % 20, 50)))).toBeLessThan(0.2);
    }
    expect(learned(texts(400)).vectors).toEqual(learned(texts(400)).vectors);
  });

  test("are orthogonal directions", () => {
    const column = (topic: number) =>
      Array.from({ length: model.terms.size }, (_, row) => model.vectors[row * TOPICS + topic] ?? 0);
    const weightless = (topic: number) => column(topic).map((value, row) => value / (model.weights[row] ?? 1));
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
    for (const [a, b] of [
      [0, 0],
      [0, 1],
      [19, 19],
      [3, 100],
      [127, 127],
    ] as const) {
      expect(dot(weightless(a), weightless(b))).toBeCloseTo(a === b ? 1 : 0, 3);
    }
  });

  test("are not learned from too few texts, from one text many times, or from texts without words", () => {
    expect(completed(learnedTopics(texts(200)))).toBeNull();
    expect(completed(learnedTopics(Array.from({ length: 600 }, () => Uint32Array.of(1, 2, 3))))).toBeNull();
    expect(completed(learnedTopics(Array.from({ length: 600 }, () => new Uint32Array())))).toBeNull();
  });

  test("stay numbers when the texts leave fewer directions than are looked for", () => {
    const few = Array.from({ length: 600 }, (_, at) =>
      Uint32Array.from({ length: 60 }, (_, word) => (at % 5) * 60 + word),
    );
    expect(learned(few).vectors.every(Number.isFinite)).toBe(true);
  });
});

describe("eigenvectors", () => {
  test("rebuild the matrix, largest first", () => {
    const next = numbers(9);
    const size = 12;
    const matrix = new Float64Array(size * size);
    for (let a = 0; a < size; a += 1)
      for (let b = 0; b <= a; b += 1) matrix[a * size + b] = matrix[b * size + a] = next() - 0.5;
    const { values, vectors } = completed(eigenvectors(matrix, size));
    expect([...values]).toEqual([...values].toSorted((a, b) => b - a));
    for (let a = 0; a < size; a += 1) {
      for (let b = 0; b < size; b += 1) {
        const rebuilt = values.reduce(
          (sum, value, at) => sum + value * (vectors[a * size + at] ?? 0) * (vectors[b * size + at] ?? 0),
          0,
        );
        expect(rebuilt).toBeCloseTo(matrix[a * size + b] ?? 0, 8);
      }
    }
  });
});
