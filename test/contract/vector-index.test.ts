import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { durableKnowledgeIndexes } from "../../adapters/durable/knowledge-indexes.ts";
import { vectorize } from "../../adapters/vector-index/vectorize.ts";
import type { IndexDocument, IndexedChunk, IndexOutcome, IndexQuery } from "../../domain/knowledge/index-contract.ts";
import type { KnowledgeIndexes, KnowledgeIndexPort } from "../../services/knowledge/ports.ts";
import { aVectorize } from "../support/a-vectorize.ts";
import { embedded, embeddedQuery, OUTSIDE } from "../support/an-embedder.ts";

// What every index behind KnowledgeIndexes promises: X1 to X4 of domain/knowledge/index-contract.ts.
interface Implementation {
  indexes: KnowledgeIndexes;
  document: (document: IndexDocument) => IndexDocument;
  query: (query: IndexQuery) => IndexQuery;
  /** Lets what was accepted be done. */
  process: () => void;
}

const binding = aVectorize(OUTSIDE.dimensions);
const store = vectorize(binding, { dimensions: OUTSIDE.dimensions });

const embeddedIndex = (chunksPerObject?: number): Implementation => ({
  indexes: durableKnowledgeIndexes(env.KNOWLEDGE_INDEX, chunksPerObject === undefined ? {} : { chunksPerObject }),
  document: (document) => document,
  query: (query) => query,
  process: () => undefined,
});

const vectorizeIndex = (chunksPerObject?: number): Implementation => ({
  indexes: durableKnowledgeIndexes(env.KNOWLEDGE_INDEX, { store, ...(chunksPerObject && { chunksPerObject }) }),
  document: (document) => embedded(document),
  query: (query) => embeddedQuery(query),
  process: binding.process,
});

const IMPLEMENTATIONS: [name: string, implementation: Implementation][] = [
  ["embedded", embeddedIndex()],
  ["Vectorize", vectorizeIndex()],
  ["embedded, several objects'", embeddedIndex(1)],
  ["Vectorize, several objects'", vectorizeIndex(1)],
];

const LEAVE = "Everyone has 30 days of paid leave a year.";
const TRAVEL = "Trains are booked in second class.";

function chunkOf(documentId: string, text: string, index: number): IndexedChunk {
  return { chunkId: `chk_${documentId}_${index}`, start: 0, end: text.length, text, headingPath: [] };
}

function aDocument(documentId: string, texts: string[], metadata = {}): IndexDocument {
  return {
    documentId,
    title: documentId,
    metadata,
    chunks: texts.map((text, index) => chunkOf(documentId, text, index)),
  };
}

describe.each(IMPLEMENTATIONS)("the %s index", (_, { indexes, document, query, process }) => {
  const anIndex = () => indexes.of(`ten_${crypto.randomUUID()}`, "kb_1", 0);

  async function given(index: KnowledgeIndexPort, ...documents: IndexDocument[]): Promise<IndexOutcome[]> {
    const outcomes: IndexOutcome[] = [];
    for (const one of documents) outcomes.push(...(await index.upsertDocuments([document(one)])));
    process();
    for (const { documentId } of documents) expect(await index.settle(documentId)).toBe("settled");
    return outcomes;
  }

  async function found(index: KnowledgeIndexPort, text: string, more: Partial<IndexQuery> = {}): Promise<string[]> {
    const outcome = await index.search(query({ query: text, minScore: 0.1, ...more }));
    return outcome.found ? outcome.results.map((result) => result.text) : [outcome.reason];
  }

  it("finds what it was given, by keyword, by vector and by both", async () => {
    const index = anIndex();
    await given(index, aDocument("leave", [LEAVE]), aDocument("travel", [TRAVEL]));
    for (const mode of ["keyword", "vector", "hybrid"] as const) {
      const outcome = await index.search(query({ query: "paid leave", mode, topK: 1 }));
      expect(outcome).toMatchObject({ found: true, results: [{ documentId: "leave", text: LEAVE, start: 0 }] });
      if (outcome.found) expect(outcome.results[0]?.scores.vector === undefined).toBe(mode === "keyword");
    }
  });

  it("applies a filter before it counts, by every way of searching", async () => {
    const index = anIndex();
    const others = Array.from({ length: 120 }, (_, n) => `${LEAVE} Copy ${n}.`);
    await given(index, aDocument("leave", [LEAVE], { area: "hr" }), aDocument("copies", others, { area: "it" }));
    for (const mode of ["keyword", "vector", "hybrid"] as const) {
      expect(await found(index, "paid leave of copy 7", { mode, minScore: 0, filter: { area: "hr" } })).toEqual([
        LEAVE,
      ]);
    }
  });

  it("replaces all that it held of a document (X1)", async () => {
    const index = anIndex();
    await given(index, aDocument("policy", [LEAVE, `${LEAVE} Unused days expire.`]));
    await given(index, aDocument("policy", [TRAVEL]));
    expect(await found(index, "paid leave")).toEqual([]);
    expect(await found(index, "trains in second class")).toEqual([TRAVEL]);
    expect(await index.stats()).toMatchObject({ documents: 1, chunks: 1 });
  });

  it("may be told the same again (X1)", async () => {
    const index = anIndex();
    for (let i = 0; i < 3; i++) await given(index, aDocument("leave", [LEAVE]));
    expect(await found(index, "paid leave")).toEqual([LEAVE]);
    expect(await index.stats()).toMatchObject({ documents: 1, chunks: 1 });
  });

  it("forgets a document, and does not mind forgetting it twice (X2)", async () => {
    const index = anIndex();
    await given(index, aDocument("leave", [LEAVE]));
    await index.removeDocument("leave");
    await index.removeDocument("leave");
    expect(await found(index, "paid leave")).toEqual([]);
    expect(await index.stats()).toMatchObject({ documents: 0, chunks: 0 });
    expect(await index.settle("leave")).toBe("absent");
  });

  it("forgets everything, and can be used again", async () => {
    const index = anIndex();
    await given(index, aDocument("leave", [LEAVE]));
    await index.clear();
    expect(await index.stats()).toMatchObject({ documents: 0, chunks: 0, embedder: null });
    await given(index, aDocument("travel", [TRAVEL]));
    expect(await found(index, "trains in second class")).toEqual([TRAVEL]);
  });

  it("refuses vectors of another embedder (X3)", async () => {
    const index = anIndex();
    await given(index, aDocument("leave", [LEAVE]));
    const other = embedded(aDocument("travel", [TRAVEL]), { model: "other/embed", version: "1", dimensions: 16 });
    expect(await index.upsertDocuments([other])).toMatchObject([{ indexed: false, reason: "embedder-mismatch" }]);
    expect(await index.stats()).toMatchObject({ documents: 1, chunks: 1 });
  });

  it("answers for each of several documents, and holds those that it did not refuse", async () => {
    const index = anIndex();
    await given(index, aDocument("leave", [LEAVE]));
    const other = { model: "other/embed", version: "1", dimensions: 16 };
    const outcomes = await index.upsertDocuments([
      document(aDocument("travel", [TRAVEL])),
      embedded(aDocument("other", ["Something else."]), other),
      document(aDocument("leave", ["Leave is 31 days."])),
    ]);
    expect(outcomes.map(({ indexed }) => indexed)).toEqual([true, false, true]);
    process();
    await index.settleAll();
    expect(await index.stats()).toMatchObject({ documents: 2, chunks: 2 });
    expect(await found(index, "how many days of leave")).toContain("Leave is 31 days.");
    expect(await found(index, "trains in second class")).toContain(TRAVEL);
  });

  it("finds a document once it is settled, and not before (X4)", async () => {
    const index = anIndex();
    await given(index, aDocument("leave", [LEAVE]));
    const [outcome] = await index.upsertDocuments([document(aDocument("travel", [TRAVEL]))]);
    if (!outcome?.indexed) throw new Error("It was not indexed.");
    if (!outcome.isSettled) {
      expect(await index.settle("travel")).toBe("pending");
      expect(await index.settleAll()).toBeNull();
      for (const mode of ["keyword", "vector", "hybrid"] as const) {
        expect(await found(index, "trains in second class", { mode })).not.toContain(TRAVEL);
      }
      process();
      for (const mode of ["keyword", "vector"] as const) {
        expect(await found(index, "trains in second class", { mode })).not.toContain(TRAVEL);
      }
    }
    expect(await index.settleAll()).toBe(outcome.vectors);
    expect((await found(index, "trains in second class"))[0]).toBe(TRAVEL);
    expect(await index.stats()).toMatchObject({ documents: 2, chunks: 2 });
  });

  it("keeps knowledge bases, generations and tenants apart", async () => {
    const tenantId = `ten_${crypto.randomUUID()}`;
    await given(indexes.of(tenantId, "kb_1", 0), aDocument("leave", [LEAVE]));
    expect(await found(indexes.of(tenantId, "kb_2", 0), "paid leave")).toEqual([]);
    expect(await found(indexes.of(tenantId, "kb_1", 1), "paid leave")).toEqual([]);
    expect(await found(indexes.of(`${tenantId}x`, "kb_1", 0), "paid leave")).toEqual([]);
  });
});
