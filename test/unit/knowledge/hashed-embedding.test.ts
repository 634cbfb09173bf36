import { describe, expect, test } from "vitest";
import { HASHED_EMBEDDER, hashedEmbedding } from "../../../domain/knowledge/embedding/hashed.ts";
import { quantised } from "../../../domain/knowledge/embedding/quantised.ts";

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from({ length: a.length }, (_, at) => (a[at] ?? 0) * (b[at] ?? 0)).reduce(
    (sum, value) => sum + value,
    0,
  );
}

describe("local/hash-embed", () => {
  test("gives a unit vector of 384 dimensions, the same each time", () => {
    const vector = hashedEmbedding("Thirty days of leave");
    expect(vector.length).toBe(HASHED_EMBEDDER.dimensions);
    expect(cosine(vector, vector)).toBeCloseTo(1, 5);
    expect(hashedEmbedding("Thirty days of leave")).toEqual(vector);
  });

  test("keeps the values it was published with", () => {
    const vector = hashedEmbedding("Thirty days of leave");
    const fingerprint = [...vector.entries()].filter(([, value]) => value !== 0).slice(0, 4);
    expect(fingerprint.map(([slot, value]) => [slot, Number(value.toFixed(4))])).toMatchInlineSnapshot(`
      [
        [
          12,
          0.1474,
        ],
        [
          43,
          0.1474,
        ],
        [
          49,
          0.1474,
        ],
        [
          58,
          -0.1474,
        ],
      ]
    `);
  });

  test("a misspelled word stays near, another word does not", () => {
    const right = hashedEmbedding("reimbursement");
    expect(cosine(right, hashedEmbedding("reimbursment"))).toBeGreaterThan(0.5);
    expect(cosine(right, hashedEmbedding("kitchen"))).toBeLessThan(0.25);
  });

  test("text without words is the zero vector", () => {
    expect(hashedEmbedding("!!! 🙂").every((value) => value === 0)).toBe(true);
    expect(hashedEmbedding("").every((value) => value === 0)).toBe(true);
  });
});

describe("quantised vectors", () => {
  test("keep cosines to one part in a hundred", () => {
    const [a, b] = [hashedEmbedding("annual leave policy for employees"), hashedEmbedding("employee leave rules")];
    const [p, q] = [quantised(a), quantised(b)];
    expect(Math.abs(cosine(p.bytes, q.bytes) * p.scale * q.scale - cosine(a, b))).toBeLessThan(0.01);
  });

  test("a zero or broken vector has scale zero", () => {
    expect(quantised(new Float32Array(16)).scale).toBe(0);
    expect(quantised([Number.NaN, 1, 2]).scale).toBe(0);
    expect(quantised([Number.POSITIVE_INFINITY, 1]).scale).toBe(0);
  });
});
