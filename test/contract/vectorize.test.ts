import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { durableKnowledgeIndexes } from "../../adapters/durable/knowledge-indexes.ts";
import { vectorize } from "../../adapters/vector-index/vectorize.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import type { IndexDocument, IndexQuery } from "../../domain/knowledge/index-contract.ts";
import type { KnowledgeIndexPort } from "../../services/knowledge/ports.ts";
import { aVectorize, type FakeVectorize } from "../support/a-vectorize.ts";
import { embedded, embeddedQuery, OUTSIDE } from "../support/an-embedder.ts";

const { dimensions } = OUTSIDE;
const LEAVE = "Everyone has 30 days of paid leave a year.";

function aDocument(documentId: string, texts: string[]): IndexDocument {
  const chunks = texts.map((text, n) => ({
    chunkId: `${documentId}#${n}`,
    start: 0,
    end: text.length,
    text,
    headingPath: [],
  }));
  return embedded({ documentId, title: documentId, metadata: { name: documentId }, chunks });
}

describe("an index whose vectors lie in Vectorize", () => {
  let binding: FakeVectorize;
  let index: KnowledgeIndexPort;
  const address = () => [`ten_${crypto.randomUUID()}`, "kb_1", 0] as const;

  const indexOver = (at: ReturnType<typeof address>) =>
    durableKnowledgeIndexes(env.KNOWLEDGE_INDEX, { store: vectorize(binding, { dimensions, timeoutMs: 20 }) }).of(
      ...at,
    );

  const search = async (query: Partial<IndexQuery> & { query: string }, of = index) => {
    const outcome = await of.search(embeddedQuery(query));
    if (!outcome.found) throw new Error(outcome.detail);
    return outcome;
  };

  const given = async (...documents: IndexDocument[]) => {
    await index.upsertDocuments(documents);
    binding.process();
    expect(await index.settleAll()).toBe("vectorize");
  };

  const failure = async (work: Promise<unknown>) => asProblem(await work.catch((error: unknown) => error))?.code;

  beforeEach(() => {
    binding = aVectorize(dimensions);
    index = indexOver(address());
  });

  it("finds by vector what the index in the object finds, with the same scores", async () => {
    const plain = durableKnowledgeIndexes(env.KNOWLEDGE_INDEX).of(...address());
    const documents = Array.from({ length: 30 }, (_, n) => aDocument(`d${n}`, [`${LEAVE} Rule ${n} of ${n * 7}.`]));
    await given(...documents);
    await plain.upsertDocuments(documents);
    for (const mode of ["vector", "hybrid"] as const) {
      const query = { query: "rule 7 of paid leave", mode };
      expect((await search(query)).results).toEqual((await search(query, plain)).results);
    }
  });

  it("settles a document whose change is not the last that was processed, and many at once", async () => {
    const documents = Array.from({ length: 22 }, (_, n) => aDocument(`d${n}`, [`${LEAVE} ${n}`]));
    await index.upsertDocuments(documents);
    binding.process();
    expect(await index.settle("d7")).toBe("settled");
    expect(await index.settle("d21")).toBe("settled");
    expect(await index.settleAll()).toBe("vectorize");
  });

  it("sends a long document in batches that Vectorize takes", async () => {
    await given(
      aDocument(
        "long",
        Array.from({ length: 1_050 }, (_, n) => `Line ${n}`),
      ),
    );
    expect(binding.ids).toHaveLength(1_050);
    await index.clear();
    binding.process();
    expect(binding.ids).toEqual([]);
  });

  it("leaves nothing behind: after a removal, a replacement, a clearing", async () => {
    await given(aDocument("leave", [LEAVE, "Unused days expire."]), aDocument("food", ["Lunch is free."]));
    await given(aDocument("leave", [LEAVE]));
    expect(binding.ids).toHaveLength(2);
    await index.removeDocument("food");
    binding.process();
    expect(binding.ids).toHaveLength(1);
    await index.clear();
    binding.process();
    expect(binding.ids).toEqual([]);
  });

  it("takes back the vectors of a document that was removed while they were on the way", async () => {
    binding.beforeCall = async (name) => {
      if (name === "upsert") await index.removeDocument("leave");
    };
    await index.upsertDocuments([aDocument("leave", [LEAVE])]);
    binding.process();
    expect(binding.ids).toEqual([]);
    expect(await index.settle("leave")).toBe("absent");
  });

  it("answers by keyword, and says so, while Vectorize does not", async () => {
    await given(aDocument("leave", [LEAVE]), aDocument("food", ["Lunch is free."]));
    const away: (() => Promise<void>)[] = [
      () => Promise.reject(new Error("Network connection lost")),
      () => new Promise(() => undefined),
    ];
    for (const mode of ["vector", "hybrid"] as const) {
      for (const answer of away) {
        binding.beforeCall = answer;
        const { results, degraded } = await search({ query: "paid leave", mode });
        expect(results[0]).toMatchObject({ text: LEAVE, scores: { vector: expect.any(Number) } });
        expect(degraded).toEqual({ by: "vectorize", reason: "Vectorize did not answer." });
      }
    }
    expect((await search({ query: "paid leave", mode: "keyword" })).degraded).toBeUndefined();
    binding.beforeCall = async () => undefined;
    expect((await search({ query: "paid leave" })).degraded).toBeUndefined();
  });

  it("asks again after a passing fault, a bounded number of times, and not after a refusal", async () => {
    const asked: string[] = [];
    const failing = (message: string) => async (name: string) => {
      asked.push(name);
      throw new Error(message);
    };
    binding.beforeCall = failing("Network connection lost");
    expect(await failure(index.upsertDocuments([aDocument("leave", [LEAVE])]))).toBe("unavailable");
    expect(asked.splice(0)).toEqual(["upsert", "upsert", "upsert"]);
    binding.beforeCall = failing("VECTOR_UPSERT_ERROR (code = 40012): expected 1024 dimensions");
    expect(await failure(index.upsertDocuments([aDocument("food", ["Lunch is free."])]))).toBe("unavailable");
    expect(asked).toEqual(["upsert"]);
    binding.beforeCall = async () => undefined;
    await given(aDocument("leave", [LEAVE]), aDocument("food", ["Lunch is free."]));
    expect((await search({ query: "paid leave", topK: 1 })).results).toMatchObject([{ text: LEAVE }]);
  });

  it("searches in the object once a vector came that Vectorize could not take", async () => {
    const at = address();
    index = indexOver(at);
    await given(aDocument("leave", [LEAVE]));
    const unbound = durableKnowledgeIndexes(env.KNOWLEDGE_INDEX).of(...at);
    expect((await search({ query: "days of leave", mode: "vector" }, unbound)).results).toHaveLength(1);
    expect(await unbound.upsertDocuments([aDocument("food", ["Lunch is free."])])).toMatchObject([
      { vectors: "embedded" },
    ]);
    binding.beforeCall = () => Promise.reject(new Error("not asked"));
    const { results, degraded } = await search({ query: "free lunch", mode: "vector" });
    expect(results[0]?.text).toBe("Lunch is free.");
    expect(degraded).toBeUndefined();
    binding.beforeCall = async () => undefined;
    await index.clear();
    binding.process();
    expect(binding.ids).toEqual([]);
  });

  it("is told apart from one that holds vectors of another length", async () => {
    const store = vectorize(binding, { dimensions });
    expect(await failure(store.probe())).toBeUndefined();
    expect(await failure(vectorize(binding, { dimensions: 384 }).probe())).toBe("unavailable");
  });
});
