import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durableKnowledgeIndexes } from "../../../adapters/durable/knowledge-indexes.ts";
import { asProblem } from "../../../domain/kernel/problem.ts";
import type { IndexDocument, IndexQuery } from "../../../domain/knowledge/index-contract.ts";
import type { KnowledgeIndexPort } from "../../../services/knowledge/ports.ts";
import { embedded, embeddedQuery } from "../../support/an-embedder.ts";
import { anIndex } from "./an-index.ts";

const whole = durableKnowledgeIndexes(env.KNOWLEDGE_INDEX);
const address = () => [`ten_${crypto.randomUUID()}`, "kb_1", 0] as const;
const sharded = (chunksPerObject: number, at = address()) =>
  durableKnowledgeIndexes(env.KNOWLEDGE_INDEX, { chunksPerObject }).of(...at);

function aDocument(number: number, texts: readonly string[], metadata = {}): IndexDocument {
  const documentId = `doc_${String(number).padStart(4, "0")}.1`;
  const chunks = texts.map((text, index) => ({
    chunkId: `chk_${number}_${index}`,
    start: index,
    end: index + text.length,
    text,
    headingPath: [],
  }));
  return { documentId, title: texts[0]?.split(" ")[0] ?? "", metadata, chunks };
}

async function answers(index: KnowledgeIndexPort, queries: readonly IndexQuery[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const query of queries) {
    const outcome = await index.search(query);
    found.push(outcome.found ? outcome.results : outcome);
  }
  return found;
}

async function given(index: KnowledgeIndexPort, documents: readonly IndexDocument[]): Promise<void> {
  for (const document of documents) expect(await index.upsertDocuments([document])).toMatchObject([{ indexed: true }]);
}

const shardsOf = async ([tenant, kb]: ReturnType<typeof address>, count: number) =>
  Promise.all(
    Array.from({ length: count }, async (_, shard) => {
      const name = `${tenant}:${kb}${shard === 0 ? "" : `/${shard}`}`;
      return (await anIndex(name).stats()).chunks;
    }),
  );

const WORDS = "leave leaves train trains hotel hotels paid class night year parent rule desk lunch free vault".split(
  " ",
);
const aText = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 12 }).map((words) => words.join(" "));
const aCorpus = fc.array(fc.record({ texts: fc.array(aText, { maxLength: 3 }), area: fc.constantFrom("hr", "it") }), {
  minLength: 2,
  maxLength: 7,
});
const aQuery: fc.Arbitrary<IndexQuery> = fc.record(
  {
    query: aText,
    mode: fc.constantFrom("hybrid" as const, "keyword" as const, "vector" as const),
    rerank: fc.boolean(),
    topK: fc.integer({ min: 1, max: 8 }),
    minScore: fc.constantFrom(0, 0.3, 0.6),
    diversity: fc.constantFrom(0, 0.5),
    filter: fc.constant({ area: "hr" }),
    without: fc.constant(["doc_0001.1"]),
  },
  { requiredKeys: ["query", "mode", "rerank", "topK"] },
);

describe("an index over several objects", () => {
  it("answers as one that holds everything: texts, order and scores", () =>
    fc.assert(
      fc.asyncProperty(
        aCorpus,
        fc.array(aQuery, { minLength: 6, maxLength: 6 }),
        fc.boolean(),
        async (corpus, asked, isOutside) => {
          const plain = corpus.map(({ texts, area }, number) => aDocument(number, texts, { area }));
          const documents = isOutside ? plain.map((document) => embedded(document)) : plain;
          const queries = isOutside ? asked.map((query) => embeddedQuery(query)) : asked;
          const [one, several] = [whole.of(...address()), sharded(3)];
          await Promise.all([given(one, documents), given(several, documents)]);
          expect(await answers(several, queries)).toEqual(await answers(one, queries));
        },
      ),
      { numRuns: 6 },
    ));

  it("answers so when far more match than are looked at", async () => {
    const text = (chunk: number) =>
      Array.from({ length: 14 }, (_, at) => WORDS[(chunk * 7 + at * at * 3 + ((chunk * at) % 11)) % 16]).join(" ");
    const documents = Array.from({ length: 30 }, (_, number) =>
      aDocument(
        number,
        Array.from({ length: 20 }, (_, index) => `${text(number * 20 + index)} n${number * 20 + index}`),
      ),
    );
    const at = address();
    const [one, several] = [whole.of(...address()), sharded(150, at)];
    await Promise.all([given(one, documents), given(several, documents)]);
    expect(await shardsOf(at, 5)).toEqual([140, 140, 140, 140, 40]);
    const queries = ["paid leave n17", "night train", "a free desk in the vault n444"].flatMap((query) =>
      (["hybrid", "keyword", "vector"] as const).map((mode) => ({ query, mode, topK: 20 })),
    );
    expect(await answers(several, queries)).toEqual(await answers(one, queries));
  });

  it("answers so in a language whose small words are stop words of another", async () => {
    const nights = ["Das Frühstück an der Bahn", "Frühstück früh und spät", "Übernachtung an der Bahn", "Spätzüge"];
    const documents = nights.map((text, number) => aDocument(number, [text]));
    const [one, several] = [whole.of(...address()), sharded(1)];
    await Promise.all([given(one, documents), given(several, documents)]);
    const queries = [{ query: "Frühstück an der Bahn" }];
    expect(await answers(several, queries)).toEqual(await answers(one, queries));
  });

  it("answers so to a query of stop words alone", async () => {
    const texts = ["To be, or not to be", "who is to be", "the who", "a night at the opera", "It", "be it or not"];
    const documents = texts.map((text, number) => aDocument(number, [text]));
    const [one, several] = [whole.of(...address()), sharded(1)];
    await Promise.all([given(one, documents), given(several, documents)]);
    const queries = ["to be or not to be", "the who", "it", "or not"].map((query) => ({ query }));
    const found = await answers(one, queries);
    expect(await answers(several, queries)).toEqual(found);
    expect(found).toMatchObject([[{ text: texts[0] }, {}, {}], [{ text: "the who" }], [{ text: "It" }], [{}, {}]]);
  });

  it("opens the next object when the present ones are full; a document stays where it is", async () => {
    const at = address();
    const index = sharded(2, at);
    await given(index, [
      aDocument(1, ["paid leave", "a year"]),
      aDocument(2, ["night trains"]),
      aDocument(3, ["lunch"]),
    ]);
    expect(await shardsOf(at, 2)).toEqual([2, 2]);
    await given(index, [aDocument(2, ["hotels", "hotels by night", "class"])]);
    expect(await shardsOf(at, 2)).toEqual([2, 4]);
    const [found] = (await answers(index, [{ query: "night hotels", topK: 1 }])) as { text: string }[][];
    expect(found).toMatchObject([{ text: "hotels by night" }]);
  });

  it("takes documents into the room that others left, and leaves nothing behind in any object", async () => {
    const at = address();
    const index = sharded(1, at);
    const documents = [1, 2, 3].map((number) => aDocument(number, [`rule ${number}`]));
    await given(index, documents);
    await index.removeDocument(documents[1]?.documentId ?? "");
    expect(await shardsOf(at, 3)).toEqual([1, 0, 1]);
    await given(index, [aDocument(4, ["rule 4"])]);
    expect(await shardsOf(at, 4)).toEqual([1, 1, 1, 0]);
    for (const { documentId } of documents) await index.removeDocument(documentId);
    expect(await index.stats()).toMatchObject({ documents: 1, chunks: 1 });
    await index.clear();
    expect(await shardsOf(at, 3)).toEqual([0, 0, 0]);
    expect(await answers(index, [{ query: "rule" }])).toEqual([[]]);
  });

  it("finds what another isolate put into an object that this one has not heard of", async () => {
    const at = address();
    const [one, other] = [sharded(1, at), sharded(1, at)];
    await given(one, [aDocument(1, ["paid leave"])]);
    expect(await answers(other, [{ query: "lunch", minScore: 0.3 }])).toEqual([[]]);
    await given(one, [aDocument(2, ["free lunch"])]);
    expect(await answers(other, [{ query: "lunch", minScore: 0.3 }])).toMatchObject([[{ text: "free lunch" }]]);
  });

  it("gives an answer again until one of its objects changes, and says so", async () => {
    const index = sharded(1);
    await given(index, [aDocument(1, ["paid leave"]), aDocument(2, ["free lunch"])]);
    const asked = async (query: IndexQuery) => {
      const outcome = await index.search(query);
      if (!outcome.found) throw new Error(outcome.detail);
      return { isCached: outcome.isCached, texts: outcome.results.map(({ text }) => text) };
    };
    const query = { query: "lunch", minScore: 0.3 };
    expect(await asked(query)).toEqual({ isCached: false, texts: ["free lunch"] });
    expect(await asked(query)).toEqual({ isCached: true, texts: ["free lunch"] });
    expect(await asked({ ...query, topK: 3 })).toMatchObject({ isCached: false });
    await given(index, [aDocument(3, ["a lunch of soup"])]);
    const both = { isCached: false, texts: expect.arrayContaining(["free lunch", "a lunch of soup"]) };
    expect(await asked(query)).toEqual(both);
    expect(await asked(query)).toEqual({ ...both, isCached: true });
    await index.removeDocument("doc_0003.1");
    expect(await asked(query)).toEqual({ isCached: false, texts: ["free lunch"] });
  });

  it("does not give an answer again once another isolate has opened a further object", async () => {
    const at = address();
    const [one, other] = [sharded(1, at), sharded(1, at)];
    await given(one, [aDocument(1, ["paid leave"]), aDocument(2, ["free lunch"])]);
    const query = { query: "lunch", minScore: 0.3 };
    for (let round = 0; round < 2; round++)
      expect(await answers(other, [query])).toMatchObject([[{ text: "free lunch" }]]);
    await given(one, [aDocument(3, ["a lunch of soup"])]);
    const [found] = (await answers(other, [query])) as unknown[][];
    expect(found).toHaveLength(2);
  });

  it("forgets what it answered when it is cleared", async () => {
    const index = sharded(1);
    await given(index, [aDocument(1, ["paid leave"]), aDocument(2, ["free lunch"])]);
    const query = { query: "lunch", minScore: 0.3 };
    await answers(index, [query, query]);
    await index.clear();
    expect(await answers(index, [query])).toEqual([[]]);
  });

  it("fails clearly when one of its objects does not answer", async () => {
    const at = address();
    await given(sharded(1, at), [aDocument(1, ["paid leave"]), aDocument(2, ["free lunch"])]);
    const stuck = { totals: () => new Promise(() => undefined) };
    const broken = { totals: () => Promise.reject(Object.assign(new Error("reset"), { retryable: true })) };
    for (const object of [stuck, broken]) {
      const namespace = new Proxy(env.KNOWLEDGE_INDEX, {
        get: (target, name) =>
          name === "getByName" ? (of: string) => (of.endsWith("/1") ? object : target.getByName(of)) : undefined,
      });
      const index = durableKnowledgeIndexes(namespace, { timeoutMs: 20 }).of(...at);
      const failure = await index.search({ query: "lunch" }).catch((error: unknown) => asProblem(error));
      expect(failure).toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
    }
  });

  it("says that it is full when it lies over as many objects as it may", async () => {
    const head = anIndex();
    await head.upsertDocument(aDocument(0, ["paid leave"]));
    const places: unknown[] = [];
    for (let number = 1; number <= 64; number++) {
      const request = { documentId: `doc_${number}`, chunks: 1, vectors: null, embedder: null, capacity: 0 };
      const [outcome] = await head.place([request]);
      places.push(outcome?.placed ? outcome.shard : outcome?.reason);
    }
    expect(places.slice(0, 3)).toEqual([1, 2, 3]);
    expect(places.at(-1)).toBe("index-full");
  });
});
