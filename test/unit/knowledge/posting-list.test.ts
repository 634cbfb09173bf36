import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodedPostings,
  encodedPostings,
  lengthCode,
  lengthOf,
  mergedPostings,
  type Postings,
  withoutChunks,
} from "../../../domain/knowledge/ranking/posting-list.ts";
import { ScoreTable } from "../../../domain/knowledge/ranking/score-table.ts";

const chunkNumbers = fc.uniqueArray(fc.integer({ min: 1, max: 500_000_000 }), { minLength: 1, maxLength: 200 });

function postingsOf(chunks: readonly number[]): Postings {
  return chunks.toSorted((a, b) => a - b).flatMap((chunk) => [chunk, 1 + (chunk % 3) * 97, chunk % 256]);
}

describe("a posting list", () => {
  test("reads as it was written, and goes on where it ended", () => {
    fc.assert(
      fc.property(chunkNumbers, fc.nat(), (chunks, cut) => {
        const postings = postingsOf(chunks);
        const first = postings[0] ?? 0;
        expect(decodedPostings(encodedPostings(postings, first), first)).toEqual(postings);
        const at = (cut % chunks.length) * 3;
        const [head, tail] = [postings.slice(0, at), postings.slice(at)];
        const bytes = [...encodedPostings(head, first), ...encodedPostings(tail, head.at(-3) ?? first)];
        expect(decodedPostings(Uint8Array.from(bytes), first)).toEqual(postings);
      }),
    );
  });

  test("merging puts chunks in order, and taking a range out undoes it", () => {
    fc.assert(
      fc.property(chunkNumbers, (chunks) => {
        const all = postingsOf(chunks);
        const middle = [...chunks].sort((a, b) => a - b)[chunks.length >> 1] ?? 0;
        const low = postingsOf(chunks.filter((chunk) => chunk < middle));
        const high = postingsOf(chunks.filter((chunk) => chunk >= middle));
        expect(mergedPostings(high, low)).toEqual(all);
        expect(withoutChunks(all, middle, 1_000_000_000)).toEqual(low);
      }),
    );
  });

  test("keeps a length to a few parts in a hundred", () => {
    for (const length of [1, 7, 60, 220, 512, 3_000, 30_000]) {
      expect(Math.abs(lengthOf(lengthCode(length)) - length)).toBeLessThan(0.5 + length * 0.03);
    }
  });
});

describe("a score table", () => {
  test("gives the best of the sums, ties by chunk, as a sorted map would", () => {
    const additions = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 5 })));
    fc.assert(
      fc.property(additions, fc.integer({ min: 1, max: 20 }), (added, limit) => {
        const table = new ScoreTable(added.length);
        const sums = new Map<number, number>();
        for (const [chunk, score] of added) {
          table.add(chunk, score);
          sums.set(chunk, (sums.get(chunk) ?? 0) + score);
        }
        const isEven = (chunk: number) => chunk % 2 === 0;
        const expected = [...sums]
          .filter(([chunk]) => isEven(chunk))
          .toSorted(([a, x], [b, y]) => y - x || a - b)
          .slice(0, limit)
          .map(([chunk, score]) => ({ chunk, score }));
        expect(table.best(limit, isEven)).toEqual(expected);
      }),
    );
  });
});
