import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Language } from "../../../domain/knowledge/analysis/language.ts";
import { termId, termIds } from "../../../domain/knowledge/analysis/term-id.ts";
import { terms } from "../../../domain/knowledge/analysis/terms.ts";
import { hashedEmbedding, hashedQuery } from "../../../domain/knowledge/embedding/hashed.ts";
import { bm25 } from "../../../domain/knowledge/ranking/bm25.ts";
import { diversified, overlapOf } from "../../../domain/knowledge/ranking/diversity.ts";
import { featureReader } from "../../../domain/knowledge/ranking/features.ts";
import { FEEDBACK_CHUNKS, feedbackTerms } from "../../../domain/knowledge/ranking/feedback.ts";
import { minMax, reciprocalRankFusion } from "../../../domain/knowledge/ranking/fusion.ts";
import { hitFinder } from "../../../domain/knowledge/ranking/hits.ts";
import { analysedQuery } from "../../../domain/knowledge/ranking/query.ts";
import { type Candidate, ranked } from "../../../domain/knowledge/ranking/rank.ts";
import {
  inverseDocumentFrequency,
  selectiveTerms,
  type WeightedTerm,
  weightedTerms,
  wordWeights,
} from "../../../domain/knowledge/ranking/weights.ts";

function tokens(text: string, title = "") {
  const prefix = terms(title, "english");
  return { ids: termIds([...prefix, ...terms(text, "english")]), prefixLength: prefix.length };
}

/** Reads what a query finds in one text, every term being in ten of a hundred chunks. */
function reading(question: string, text: string, title = "") {
  const query = analysedQuery(question, ["english"]);
  const frequency = new Map(query.terms.flatMap((term) => term.ids.map((id) => [id, 10] as const)));
  const weighted = weightedTerms(query, frequency, 100);
  const hits = hitFinder(weighted)(tokens(text, title));
  return { hits, score: bm25(hits, weighted, 5), features: featureReader(query, weighted)(hits) };
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

describe("a query", () => {
  test("counts repeated terms once and remembers their order", () => {
    const { terms: found, sequence } = analysedQuery("Leave policy: leave of absence", ["english"]);
    expect(found.map((term) => term.count)).toEqual([2, 1, 1]);
    expect(sequence).toEqual([0, 1, 0, 2]);
  });

  test("asks for a word as each language of the index would have written it", () => {
    const [term] = analysedQuery("Versicherungen", ["english", "other"]).terms;
    expect(term?.ids).toEqual([...termIds(["versicherungen", "versic"])]);
  });

  test("loses its question words, unless it holds nothing else", () => {
    expect(analysedQuery("сколько дней отпуска", ["other"]).terms).toHaveLength(2);
    expect(analysedQuery("сколько", ["other"]).terms).toHaveLength(1);
  });

  test("keeps words that ask in languages which the index does not hold", () => {
    const words = (languages: readonly Language[]) =>
      analysedQuery("Comment by Kim: chi square", languages).terms.length;
    expect(words(["english"])).toBe(4);
    expect(words(["english", "other"])).toBe(1);
  });

  test("of stop words alone asks for their pairs, but in languages that have none it asks for the words", () => {
    const asked = (text: string, ...languages: Language[]) => {
      const { kind, terms } = analysedQuery(text, languages);
      return [kind, terms.map(({ ids, count }) => [ids, count])];
    };
    const pairs = ["to be", "be or", "or not", "not to"].map((pair, at) => [[termId(pair)], at === 0 ? 2 : 1]);
    expect(asked("To be, or not to be?", "english")).toEqual(["stop-pairs", pairs]);
    expect(asked("To be, or not to be?", "english", "other")).toEqual(["stop-pairs", pairs]);
    expect(asked("to be", "other")).toEqual([
      "words",
      [
        [[termId("to")], 1],
        [[termId("be")], 1],
      ],
    ]);
    expect(asked("to be a king", "english")).toEqual(["words", [[[termId("king")], 1]]]);
    expect(asked("?!", "english")).toEqual(["stop-pairs", []]);
  });

  test("a book's length is cut to 256 terms", () => {
    const text = Array.from({ length: 3_000 }, (_, n) => `word${n}`).join(" ");
    expect(analysedQuery(text, ["english"]).terms).toHaveLength(256);
  });
});

describe("BM25", () => {
  test("follows the formula", () => {
    const { score } = reading("hotel", "hotel near hotel station");
    const idf = inverseDocumentFrequency(10, 100);
    expect(score).toBeCloseTo((idf * 2 * 2.2) / (2 + 1.2 * (0.1 + (0.9 * 4) / 5)), 10);
  });

  test("more of a word, a shorter text and a rarer word score higher", () => {
    expect(reading("hotel", "hotel hotel").score).toBeGreaterThan(reading("hotel", "hotel room").score);
    expect(reading("hotel", "hotel").score).toBeGreaterThan(reading("hotel", "hotel with forty six other rooms").score);
    expect(inverseDocumentFrequency(1, 100)).toBeGreaterThan(inverseDocumentFrequency(99, 100));
    expect(inverseDocumentFrequency(100, 100)).toBeGreaterThan(0);
  });
});

describe("features", () => {
  test("are all zero without a hit and full on the query's own words", () => {
    expect(reading("parental leave", "trains planes").features).toEqual({
      cover: 0,
      bigram: 0,
      window: 0,
      title: 0,
    });
    expect(reading("parental leave", "parental leave", "parental leave").features).toMatchObject({
      cover: 1,
      bigram: 1,
      window: 1,
      title: 1,
    });
  });

  test("terms that stand apart share no window and are no neighbours", () => {
    const far = reading("parental leave", `parental ${"filler ".repeat(60)} leave`).features;
    const near = reading("parental leave", `parental leave ${"filler ".repeat(60)}`).features;
    expect(far).toMatchObject({ cover: 1, bigram: 0 });
    expect(far.window).toBeCloseTo(0.5, 10);
    expect(near).toMatchObject({ window: 1, bigram: 1 });
  });

  test("stay between 0 and 1 for any text", () => {
    const word = fc.constantFrom("leave", "parental", "hotel", "x", "y");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 80 }), fc.array(word, { maxLength: 8 }), (text, question) => {
        for (const value of Object.values(reading(question.join(" "), text.join(" ")).features)) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
    );
  });
});

describe("the vector of spellings that a query is looked up by", () => {
  const weighted = (question: string, frequencies: Record<string, number>) => {
    const query = analysedQuery(question, ["english", "other"]);
    const frequency = new Map(Object.entries(frequencies).map(([word, count]) => [termId(word), count]));
    return hashedQuery(question, wordWeights(weightedTerms(query, frequency, 1_000), ["english", "other"]));
  };
  const nearness = (query: Float32Array, text: string) => dot(query, hashedEmbedding(text));

  test("leans to the rare word, where the vector of a text leans to none", () => {
    const question = "hotels sauna";
    const query = weighted(question, { hotel: 700, sauna: 3 });
    expect(nearness(query, "a sauna")).toBeGreaterThan(2 * nearness(query, "the hotels"));
    expect(nearness(hashedEmbedding(question), "a sauna")).toBeLessThan(
      nearness(hashedEmbedding(question), "the hotels"),
    );
  });

  test("knows a misspelled word, which no chunk holds, by its letters", () => {
    const query = weighted("hotels reimbursment", { hotel: 700 });
    expect(nearness(query, "reimbursement")).toBeGreaterThan(nearness(query, "the hotels"));
  });

  test("holds nothing of what is no term of the query", () => {
    expect(weighted("сколько стоит", {})).toEqual(weighted("стоит", {}));
    expect(weighted("to be or not to be", {}).every((value) => value === 0)).toBe(true);
  });

  test("weighs the grams of scripts without spaces one by one", () => {
    const query = weighted("年假旅馆", { 年假: 700, 旅馆: 3 });
    expect(nearness(query, "旅馆")).toBeGreaterThan(2 * nearness(query, "年假"));
  });
});

describe("terms that choose candidates", () => {
  const term = (documentFrequency: number): WeightedTerm => ({
    ids: [documentFrequency],
    count: 1,
    documentFrequency,
    idf: 1,
    weight: 1,
  });

  test("are the rarest whose postings fit, and one at least", () => {
    const chosen = selectiveTerms([term(60_000), term(5), term(9_000), term(0)], 100_000);
    expect(chosen.map((item) => item.documentFrequency)).toEqual([5, 9_000]);
    expect(selectiveTerms([term(90_000)], 100_000)).toHaveLength(1);
    expect(selectiveTerms([term(0)], 100)).toEqual([]);
  });
});

describe("feedback", () => {
  const totals = { chunks: 100, averageLength: 4 };
  const asked: WeightedTerm[] = [{ ids: [1], count: 2, documentFrequency: 10, idf: 3, weight: 3 }];
  const known = (...pairs: [number, number][]) => new Map(pairs);
  const chosen = (best: number[][], frequencies: Map<number, number>) =>
    feedbackTerms(
      best.map((ids) => Uint32Array.from(ids)),
      asked,
      () => frequencies,
      totals,
    );

  test("takes words that the query does not say and that are neither one chunk's own nor everybody's", () => {
    const terms = chosen([[1, 2, 3, 4, 5]], known([1, 10], [2, 2], [3, 20], [4, 1], [5, 21]));
    expect(terms.map(({ ids }) => ids[0])).toEqual([2, 3]);
  });

  test("weighs half of the query, more where better candidates say it, more often and more rarely elsewhere", () => {
    const terms = chosen(
      [
        [2, 3, 3],
        [4, 5],
      ],
      known([2, 5], [3, 5], [4, 5], [5, 10]),
    );
    expect(terms.map(({ ids }) => ids[0])).toEqual([3, 2, 4, 5]);
    expect(terms.reduce((sum, { idf }) => sum + idf, 0)).toBeCloseTo(3, 10);
  });

  test("looks up no more words than could be chosen, and chooses as if it had looked up all", () => {
    // Of the first candidate, twenty are said twice; of the third, all are said once.
    const first = Array.from({ length: 20 }, (_, index) => [100 + index, 100 + index]).flat();
    const third = Array.from({ length: 300 }, (_, index) => 1_000 + index);
    const lookedUp = new Set<number>();
    const frequencyOf = (id: number) => (id < 1_000 ? 3 + (id % 7) : 2);
    const lookUp = (ids: readonly number[]) => {
      for (const id of ids) lookedUp.add(id);
      return new Map(ids.map((id) => [id, frequencyOf(id)]));
    };
    const best = [Uint32Array.from(first), new Uint32Array(), Uint32Array.from(third)];
    const all = new Map([...first, ...third].map((id) => [id, frequencyOf(id)]));
    const terms = feedbackTerms(best, asked, lookUp, { chunks: 1_000, averageLength: 100 });
    expect(terms).toEqual(feedbackTerms(best, asked, () => all, { chunks: 1_000, averageLength: 100 }));
    expect(terms.every(({ ids: [id = 0] }) => id < 1_000)).toBe(true);
    expect(lookedUp.size).toBeLessThan(100);
  });

  test("looks at the first few candidates alone, and says nothing of none", () => {
    const best = Array.from({ length: FEEDBACK_CHUNKS + 1 }, (_, index) => [index + 10]);
    expect(chosen(best, new Map(best.map(([id = 0]) => [id, 5])))).toHaveLength(FEEDBACK_CHUNKS);
    expect(chosen([], new Map())).toEqual([]);
  });

  test("brings a candidate forward that shares the words of the best", () => {
    const features = { cover: 0, bigram: 0, window: 0, title: 0 };
    const candidate = (key: number, feedback: number) => ({ key, keyword: 1 + key, vector: 0, features, feedback });
    const options = { mode: "hybrid", rerank: true, vectors: "lexical" } as const;
    expect(ranked([candidate(1, 0), candidate(2, 0)], options).map(({ key }) => key)).toEqual([2, 1]);
    expect(ranked([candidate(1, 2), candidate(2, 0)], options).map(({ key }) => key)).toEqual([1, 2]);
  });
});

describe("fusion", () => {
  test("min-max brings values to 0..1", () => {
    expect(minMax([2, 4, 3])).toEqual([0, 1, 0.5]);
    expect(minMax([7])).toEqual([1]);
    expect(minMax([0, 0])).toEqual([0, 0]);
    expect(minMax([])).toEqual([]);
  });

  test("reciprocal ranks: first everywhere is 1, ties are equal", () => {
    expect(
      reciprocalRankFusion([
        [9, 1],
        [8, 2],
      ])[0],
    ).toBeCloseTo(1, 12);
    const [a, b] = reciprocalRankFusion([
      [1, 1],
      [0, 0],
    ]);
    expect(a).toBe(b);
  });
});

describe("ranking", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const features = fc.record({ cover: share, bigram: share, window: share, title: share });
  const candidate = (key: number) =>
    fc.record({
      key: fc.constant(key),
      keyword: fc.double({ min: 0, max: 40, noNaN: true }),
      vector: fc.option(share),
      features,
    });
  const candidates = fc
    .integer({ min: 0, max: 12 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, key) => candidate(key))));
  const options = fc.record({
    mode: fc.constantFrom("hybrid" as const, "keyword" as const, "vector" as const),
    rerank: fc.boolean(),
    vectors: fc.constantFrom("lexical" as const, "semantic" as const),
  });

  test("does not depend on the order of the candidates, and relevance is between 0 and 1", () => {
    fc.assert(
      fc.property(candidates, options, (list: Candidate[], how) => {
        const order = ranked(list, how);
        expect(ranked(list.toReversed(), how)).toEqual(order);
        for (const { relevance } of order) expect(relevance >= 0 && relevance <= 1).toBe(true);
      }),
    );
  });

  test("relevance does not depend on the other candidates", () => {
    fc.assert(
      fc.property(candidates, options, (list: Candidate[], how) => {
        for (const { key, relevance } of ranked(list, how)) {
          const alone = ranked(
            list.filter((item) => item.key === key),
            how,
          );
          expect(alone[0]?.relevance).toBe(relevance);
        }
      }),
    );
  });
});

describe("diversity", () => {
  const similarity = (a: string, b: string) => (a[0] === b[0] ? 1 : 0);
  const items = ["a1", "a2", "b1"].map((item, index) => ({ item, relevance: 1 - index / 10 }));

  test("the second pick is of another kind, and fewer picks are the beginning of more", () => {
    expect(diversified(items, 3, similarity)).toEqual(["a1", "b1", "a2"]);
    expect(diversified(items, 2, similarity)).toEqual(["a1", "b1"]);
    expect(diversified([], 2, similarity)).toEqual([]);
  });

  test("overlap is what two sets share of the larger", () => {
    expect(overlapOf(new Set([1, 2]), new Set([2, 3, 4, 5]))).toBe(0.25);
    expect(overlapOf(new Set(), new Set())).toBe(1);
    expect(overlapOf(new Set(), new Set([1]))).toBe(0);
  });
});
