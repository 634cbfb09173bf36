import { describe, expect, test } from "vitest";
import { quantised } from "../../../domain/knowledge/embedding/quantised.ts";
import kernel from "../../../durable-objects/knowledge-index/kernel/dot-products.wasm";
import { VectorMatrix } from "../../../durable-objects/knowledge-index/vector-matrix.ts";

/** A small generator with a printed seed, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe("the vector matrix", () => {
  test.each([4, 16, 100, 384, 1_536])(
    "agrees with exact cosines in %i dimensions, through growth and removal",
    (dimensions) => {
      const next = numbers(dimensions);
      const vector = () => Array.from({ length: dimensions }, next);
      const matrix = new VectorMatrix(kernel, dimensions);
      const kept = new Map<number, number[]>();
      for (let chunk = 1; chunk <= 1_200; chunk += 1) {
        const value = vector();
        matrix.append(chunk * 2, quantised(value));
        kept.set(chunk * 2, value);
      }
      for (let chunk = 2; chunk <= 1_800; chunk += 4) {
        matrix.remove(chunk);
        kept.delete(chunk);
      }
      const query = vector();
      const scan = matrix.scan(quantised(query));
      const exact = [...kept]
        .map(([chunk, value]) => ({ chunk, cosine: cosine(query, value) }))
        .toSorted((a, b) => b.cosine - a.cosine);
      const nearest = scan.nearest(100, null);
      expect(nearest).toHaveLength(100);
      expect(nearest[0]?.cosine).toBeCloseTo(exact[0]?.cosine ?? 0, 1);
      for (const { chunk, cosine: near } of exact.slice(0, 50)) {
        expect(Math.abs((scan.cosinesOf([chunk])[0] ?? 9) - near)).toBeLessThan(0.02);
      }
      expect(scan.cosinesOf([2, 3])).toEqual([null, null]);
      expect(scan.nearest(5, (chunk) => chunk === 4)).toEqual(
        [{ chunk: 4, cosine: scan.cosinesOf([4])[0] }].filter((item) => (item.cosine ?? 0) > 0),
      );
    },
  );

  test("scans past one block of rows", () => {
    const matrix = new VectorMatrix(kernel, 16);
    const axis = (at: number) => quantised(Array.from({ length: 16 }, (_, slot) => (slot === at ? 1 : 0)));
    for (let chunk = 1; chunk <= 40_000; chunk += 1) matrix.append(chunk, axis(chunk === 39_999 ? 3 : 5));
    expect(matrix.scan(axis(3)).nearest(10, null)).toEqual([{ chunk: 39_999, cosine: expect.closeTo(1, 3) }]);
  });

  test("holds nothing of a zero vector against it", () => {
    const matrix = new VectorMatrix(kernel, 16);
    matrix.append(1, quantised(new Float32Array(16)));
    const scan = matrix.scan(quantised(new Float32Array(16).fill(1)));
    expect(scan.cosinesOf([1])).toEqual([0]);
    expect(scan.nearest(5, null)).toEqual([]);
  });
});
