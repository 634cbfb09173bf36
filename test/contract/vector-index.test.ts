import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { durableKnowledgeIndexes } from "../../adapters/durable/knowledge-indexes.ts";
import type { IndexDocument, IndexedChunk } from "../../domain/knowledge/index-contract.ts";
import type { KnowledgeIndexes, KnowledgeIndexPort } from "../../services/knowledge/ports.ts";

// What every index behind KnowledgeIndexes promises: X1 to X3 of domain/knowledge/index-contract.ts.
const IMPLEMENTATIONS: [name: string, indexes: KnowledgeIndexes][] = [
  ["embedded", durableKnowledgeIndexes(env.KNOWLEDGE_INDEX)],
];

const LEAVE = "Everyone has 30 days of paid leave a year.";
const TRAVEL = "Trains are booked in second class.";

function chunkOf(documentId: string, text: string, embedding?: number[]): IndexedChunk {
  const id = `chk_${documentId}_${text.length}`;
  return { chunkId: id, start: 0, end: text.length, text, headingPath: [], ...(embedding && { embedding }) };
}

function aDocument(documentId: string, texts: string[], more: Partial<IndexDocument> = {}): IndexDocument {
  return {
    documentId,
    title: documentId,
    metadata: {},
    chunks: texts.map((text) => chunkOf(documentId, text)),
    ...more,
  };
}

async function found(index: KnowledgeIndexPort, query: string): Promise<string[]> {
  const outcome = await index.search({ query, minScore: 0.1 });
  return outcome.found ? outcome.results.map(({ text }) => text) : [outcome.reason];
}

describe.each(IMPLEMENTATIONS)("the %s index", (_, indexes) => {
  const anIndex = () => indexes.of(`ten_${crypto.randomUUID()}`, "kb_1", 0);

  it("finds what it was given, by keyword, by vector and by both", async () => {
    const index = anIndex();
    await index.upsertDocument(aDocument("leave", [LEAVE]));
    await index.upsertDocument(aDocument("travel", [TRAVEL]));
    for (const mode of ["keyword", "vector", "hybrid"] as const) {
      const outcome = await index.search({ query: "paid leave", mode, topK: 1 });
      expect(outcome).toMatchObject({ found: true, results: [{ documentId: "leave", text: LEAVE, start: 0 }] });
    }
  });

  it("replaces all that it held of a document (X1)", async () => {
    const index = anIndex();
    await index.upsertDocument(aDocument("policy", [LEAVE, `${LEAVE} Unused days expire.`]));
    await index.upsertDocument(aDocument("policy", [TRAVEL]));
    expect(await found(index, "paid leave")).toEqual([]);
    expect(await found(index, "trains in second class")).toEqual([TRAVEL]);
    expect(await index.stats()).toMatchObject({ documents: 1, chunks: 1 });
  });

  it("may be told the same again (X1)", async () => {
    const index = anIndex();
    for (let i = 0; i < 3; i++) await index.upsertDocument(aDocument("leave", [LEAVE]));
    expect(await found(index, "paid leave")).toEqual([LEAVE]);
    expect(await index.stats()).toMatchObject({ documents: 1, chunks: 1 });
  });

  it("forgets a document, and does not mind forgetting it twice (X2)", async () => {
    const index = anIndex();
    await index.upsertDocument(aDocument("leave", [LEAVE]));
    await index.removeDocument("leave");
    await index.removeDocument("leave");
    expect(await found(index, "paid leave")).toEqual([]);
    expect(await index.stats()).toMatchObject({ documents: 0, chunks: 0 });
  });

  it("forgets everything, and can be used again", async () => {
    const index = anIndex();
    await index.upsertDocument(aDocument("leave", [LEAVE]));
    await index.clear();
    expect(await index.stats()).toMatchObject({ documents: 0, chunks: 0, embedder: null });
    await index.upsertDocument(aDocument("travel", [TRAVEL]));
    expect(await found(index, "trains in second class")).toEqual([TRAVEL]);
  });

  it("refuses vectors of another embedder (X3)", async () => {
    const index = anIndex();
    await index.upsertDocument(aDocument("leave", [LEAVE]));
    const other = { model: "other/embed", version: "1", dimensions: 16 };
    const chunks = [
      chunkOf(
        "travel",
        TRAVEL,
        Array.from({ length: 16 }, () => 0.25),
      ),
    ];
    const outcome = await index.upsertDocument(aDocument("travel", [], { chunks, embedder: other }));
    expect(outcome).toMatchObject({ indexed: false, reason: "embedder-mismatch" });
    expect(await index.stats()).toMatchObject({ documents: 1, chunks: 1 });
  });

  it("keeps knowledge bases and tenants apart", async () => {
    const tenantId = `ten_${crypto.randomUUID()}`;
    await indexes.of(tenantId, "kb_1", 0).upsertDocument(aDocument("leave", [LEAVE]));
    expect(await found(indexes.of(tenantId, "kb_2", 0), "paid leave")).toEqual([]);
    expect(await found(indexes.of(`${tenantId}x`, "kb_1", 0), "paid leave")).toEqual([]);
  });
});
