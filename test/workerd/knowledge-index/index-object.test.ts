import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { EmbedderIdentity } from "../../../domain/knowledge/embedding/embedder.ts";
import { HASHED_EMBEDDER } from "../../../domain/knowledge/embedding/hashed.ts";
import type { IndexDocument } from "../../../domain/knowledge/index-contract.ts";
import type { KnowledgeIndex } from "../../../durable-objects/knowledge-index/index-object.ts";
import { aDocument, anIndex, found, type IndexStub } from "./an-index.ts";

const LEAVE =
  "# Leave\n\nEvery employee has 30 days of annual leave.\n\n## Parental leave\n\nBirth parents receive sixteen weeks at full pay.";
const TRAVEL = "# Travel\n\nHotels are reimbursed up to 160 euros a night. Trains come before planes.";
const SECURITY = "# Security\n\nLaptops are encrypted. Passwords live in the vault and are never mailed.";

const HOSTILE = [
  ...['"', "'", "leave AND", "NEAR(leave, 2)", "body:leave", "leave*", "-leave", "^", "()", "leave OR OR", "\\", "%_"],
  ...["\u0000leave", "🙂🙂", "\uD800", "'; drop table chunk; --", "ﷺ".repeat(2_000), "leave ".repeat(1_600)],
  Array.from({ length: 1_500 }, (_, n) => `w${n}`).join(" "),
];

async function aHandbook(): Promise<IndexStub> {
  const index = anIndex();
  await index.upsertDocument(aDocument("leave", LEAVE, { area: "hr", year: 2024 }));
  await index.upsertDocument(aDocument("travel", TRAVEL, { area: "finance", year: 2023 }));
  await index.upsertDocument(aDocument("security", SECURITY, { area: "it", year: 2024, tags: ["policy", "laptop"] }));
  return index;
}

describe("search", () => {
  test.each(["hybrid", "keyword", "vector"] as const)(
    "finds the right passage by %s, verbatim and scored",
    async (mode) => {
      const [first] = await found(await aHandbook(), { query: "how much does a hotel cost at most per night?", mode });
      expect(first).toMatchObject({
        documentId: "travel",
        chunkId: "travel#0",
        title: "travel",
        headingPath: ["Travel"],
      });
      expect(first?.text).toBe(TRAVEL.slice(first?.start, first?.end));
      expect(first?.score).toBeGreaterThan(0);
      expect(first?.score).toBeLessThanOrEqual(1);
      expect(first?.scores.keyword === undefined).toBe(mode === "vector");
      expect(first?.scores.vector === undefined).toBe(mode === "keyword");
    },
  );

  test("finds a row by the name of its column, which is not cited with it", async () => {
    const index = anIndex();
    const row = { start: 90, end: 107, text: "| Anna | Lisbon |", headingPath: [] };
    const chunks = [{ ...row, chunkId: "staff#1", tableHead: "| name | birthplace |" }];
    await index.upsertDocument({ documentId: "staff", title: "staff", metadata: {}, chunks });
    for (const mode of ["keyword", "vector"] as const) {
      const [first] = await found(index, { query: "birthplace", mode });
      expect(first).toMatchObject({ text: "| Anna | Lisbon |", start: 90, end: 107 });
    }
  });

  test("a query of stop words alone finds what says them in its order, the title that does first", async () => {
    const index = await aHandbook();
    const hamlet = "# Act three\n\nTo be, or not to be: that is the question.";
    const documents = [
      aDocument("hamlet", hamlet),
      aDocument("band", "A band from London that smashes guitars.", {}, "The Who"),
      aDocument("health", "Vaccines are recommended by the WHO and by doctors."),
      aDocument("clown", "A clown haunts a town in Maine.", {}, "It"),
      aDocument("other", "Nobody knows who the winner is, or what it is to be one."),
    ];
    for (const document of documents) await index.upsertDocument(document);
    const ids = async (query: string) => (await found(index, { query })).map(({ documentId }) => documentId);
    expect((await ids("to be or not to be")).slice(0, 2)).toEqual(["hamlet", "other"]);
    expect(await ids("The Who?")).toEqual(["band", "health"]);
    expect(await ids("it")).toEqual(["clown"]);
    expect(await ids("are we")).toEqual([]);
    const [best] = await found(index, { query: "to be or not to be" });
    expect(best?.score).toBeGreaterThan(0.5);
    expect(hamlet.slice(best?.start, best?.end)).toContain("To be, or not to be");

    await evictDurableObject(index);
    expect(await ids("the who")).toEqual(["band", "health"]);
    await index.upsertDocument(aDocument("band", "A band from London.", {}, "Townshend and others"));
    await index.removeDocument("health");
    expect(await ids("the who")).toEqual([]);
  });

  test("scores never rise down the list, and a smaller topK gives the beginning of a larger one", async () => {
    const index = await aHandbook();
    const all = await found(index, { query: "employee leave, hotels and passwords", topK: 10 });
    expect(all.length).toBe(3 + 1);
    expect(all.map((result) => result.score)).toEqual(all.map((result) => result.score).toSorted((a, b) => b - a));
    const few = await found(index, { query: "employee leave, hotels and passwords", topK: 2 });
    expect(few).toEqual(all.slice(0, 2));
  });

  test("minScore cuts by relevance: a foreign question finds nothing", async () => {
    const index = await aHandbook();
    expect(await found(index, { query: "the moons of the planet Jupiter", minScore: 0.5 })).toEqual([]);
    expect(await found(index, { query: "weeks of leave for birth parents", minScore: 0.5 })).not.toEqual([]);
  });

  test("a misspelled question is found by its letters", async () => {
    const [first] = await found(await aHandbook(), { query: "pasword encripted" });
    expect(first?.documentId).toBe("security");
  });

  test("filters choose among documents before the ranking does", async () => {
    const index = await aHandbook();
    const query = "employee leave, hotels and passwords";
    const ids = async (filter: Record<string, unknown>) =>
      [...new Set((await found(index, { query, filter })).map((result) => result.documentId))].toSorted();
    expect(await ids({ area: "it" })).toEqual(["security"]);
    expect(await ids({ year: { $gte: 2024 } })).toEqual(["leave", "security"]);
    expect(await ids({ $or: [{ area: "finance" }, { tags: "laptop" }] })).toEqual(["security", "travel"]);
    expect(await ids({ area: { $in: ["none"] } })).toEqual([]);
    expect(await index.search({ query, filter: { $where: 1 } })).toMatchObject({
      found: false,
      reason: "invalid-filter",
    });
  });

  test("a text that was uploaded twice is shown once", async () => {
    const index = await aHandbook();
    await index.upsertDocument(aDocument("travel-copy", TRAVEL));
    const results = await found(index, { query: "hotels per night" });
    expect(results.filter((result) => result.text.includes("Hotels"))).toHaveLength(1);
  });

  test("texts that differ by one word say two things", async () => {
    const index = anIndex();
    const rules = [
      "Dogs are allowed in the large hall of the house from noon until the evening on every day of the week.",
      "Dogs are not allowed in the large hall of the house from noon until the evening on every day of the week.",
    ];
    for (const [at, text] of rules.entries()) await index.upsertDocument(aDocument(`rule-${at}`, text));
    const results = await found(index, { query: "dogs in the hall" });
    expect(results.map(({ text }) => text).toSorted()).toEqual(rules);
  });

  test("diversity puts what says much the same behind what says something else", async () => {
    const index = anIndex();
    const notes = {
      one: "Hotels near the station cost ninety euros a night in spring.",
      two: "Hotels near the station cost ninety euros a night in autumn.",
      other: "Hotels by the lake have a sauna, boats for rent and a large breakfast.",
    };
    for (const [id, text] of Object.entries(notes)) await index.upsertDocument(aDocument(id, text));
    const ids = async (diversity: number, topK = 10) =>
      (await found(index, { query: "hotels near the station", diversity, topK })).map((result) => result.documentId);
    expect(await ids(0)).toEqual(["one", "two", "other"]);
    expect(await ids(0.6)).toEqual(["one", "other", "two"]);
    expect(await ids(0.6, 2)).toEqual(["one", "other"]);
  });

  test("an index holds several languages at once", async () => {
    const index = await aHandbook();
    await index.upsertDocument(
      aDocument(
        "urlaub",
        "Jede Angestellte hat dreißig Urlaubstage im Jahr. Die Übertragung ins nächste Jahr ist möglich. Anträge gehen an die Personalabteilung und werden zügig bearbeitet, damit alle planen können.",
      ),
    );
    await index.upsertDocument(aDocument("休假", "每位员工每年有三十天年假。未休假期可以顺延至下一年。"));
    await index.upsertDocument(
      aDocument("отпуск", "Каждый сотрудник имеет тридцать дней отпуска в год. Неиспользованные дни переносятся."),
    );
    expect((await found(index, { query: "Wie viele Urlaubstage hat eine Angestellte?" }))[0]?.documentId).toBe(
      "urlaub",
    );
    expect((await found(index, { query: "员工有多少天年假？" }))[0]?.documentId).toBe("休假");
    expect((await found(index, { query: "сколько дней отпуска у сотрудника" }))[0]?.documentId).toBe("отпуск");
    expect((await found(index, { query: "days of annual leave" }))[0]?.documentId).toBe("leave");
  });

  test("an empty index answers with nothing", async () => {
    expect(await found(anIndex(), { query: "anything" })).toEqual([]);
  });

  test("hostile queries are only words", async () => {
    const index = await aHandbook();
    for (const query of HOSTILE) expect(Array.isArray(await found(index, { query }))).toBe(true);
    expect((await index.stats()).documents).toBe(3);
    expect((await found(index, { query: "hotels* AND NEAR(body:travel, 2) --" }))[0]?.documentId).toBe("travel");
  });
});

describe("documents", () => {
  test("indexing again replaces, and repeating changes nothing that can be seen", async () => {
    const index = await aHandbook();
    const before = await index.stats();
    await index.upsertDocument(aDocument("travel", TRAVEL, { area: "finance", year: 2023 }));
    const after = await index.stats();
    expect({ ...after, revision: 0, storageBytes: 0 }).toEqual({ ...before, revision: 0, storageBytes: 0 });
    expect(after.revision).toBeGreaterThan(before.revision);

    await index.upsertDocument(aDocument("travel", "Cars only."));
    expect((await found(index, { query: "hotels per night" })).every((result) => !result.text.includes("Hotels"))).toBe(
      true,
    );
    expect((await found(index, { query: "cars" }))[0]?.text).toBe("Cars only.");
  });

  test("removing leaves nothing behind in any table", async () => {
    const index = await aHandbook();
    for (const id of ["leave", "travel", "security"]) expect(await index.removeDocument(id)).toBe(true);
    expect(await index.removeDocument("leave")).toBe(false);
    const counts = await runInDurableObject(index, (_: KnowledgeIndex, state) =>
      [
        ...["document", "fact", "chunk", "chunk_tokens", "posting", "unposted", "vector_segment"],
        ...["chunk_stop_pairs", "stop_pair_posting", "stop_pair_unposted"],
      ].map((table) => Number(state.storage.sql.exec(`select count(*) n from ${table}`).one().n)),
    );
    expect(new Set(counts)).toEqual(new Set([0]));
    expect(await index.stats()).toMatchObject({ documents: 0, chunks: 0, terms: 0 });
    expect(await found(index, { query: "hotels per night" })).toEqual([]);
  });

  test("a document without chunks is known and finds nothing", async () => {
    const index = anIndex();
    expect(await index.upsertDocument({ ...aDocument("empty", ""), chunks: [] })).toMatchObject({
      ...{ indexed: true, chunks: 0 },
    });
    await index.upsertDocument(aDocument("travel", TRAVEL));
    expect((await found(index, { query: "hotels" })).map((result) => result.documentId)).toEqual(["travel"]);
    expect(await index.removeDocument("empty")).toBe(true);
    expect((await index.stats()).documents).toBe(1);
  });

  test("a document of more chunks than one call may hold is refused and changes nothing", async () => {
    const index = await aHandbook();
    const chunk = { start: 0, end: 1, text: "x", headingPath: [] };
    const chunks = Array.from({ length: 4_001 }, (_, at) => ({ ...chunk, chunkId: `c${at}` }));
    const outcome = await index.upsertDocument({ documentId: "travel", title: "Travel", metadata: {}, chunks });
    expect(outcome).toMatchObject({ indexed: false, reason: "document-too-large" });
    expect((await found(index, { query: "hotels" }))[0]?.documentId).toBe("travel");
  });

  test("text without a single word is kept and does no harm", async () => {
    const index = await aHandbook();
    for (const [id, text] of [
      ["emoji", "🙂🙂🙂"],
      ["dashes", "--- *** ---"],
      ["marks", "\u0301".repeat(500)],
      ["data", "A".repeat(30_000)],
    ] as const) {
      expect(await index.upsertDocument(aDocument(id, text))).toMatchObject({ indexed: true });
    }
    expect((await found(index, { query: "hotels" }))[0]?.documentId).toBe("travel");
    expect((await index.stats()).documents).toBe(7);
  });

  test("clearing forgets everything and the index can be used again", async () => {
    const index = await aHandbook();
    const { revision } = await index.stats();
    await index.clear();
    expect(await index.stats()).toMatchObject({ documents: 0, chunks: 0, terms: 0, embedder: null });
    expect((await index.stats()).revision).toBeGreaterThan(revision);
    await index.upsertDocument(aDocument("travel", TRAVEL));
    expect(await found(index, { query: "hotels" })).toHaveLength(1);
  });
});

describe("eviction", () => {
  test("a search after it gives exactly what it gave before", async () => {
    const index = await aHandbook();
    await index.removeDocument("leave");
    await index.upsertDocument(aDocument("leave", LEAVE));
    const before = await found(index, { query: "weeks of parental leave" });
    await evictDurableObject(index);
    expect(await found(index, { query: "weeks of parental leave" })).toEqual(before);
    await index.upsertDocument(aDocument("pets", "Dogs are welcome on Fridays."));
    await evictDurableObject(index);
    expect((await found(index, { query: "dogs", mode: "vector" }))[0]?.documentId).toBe("pets");
  });
});

describe("embedders", () => {
  const MODEL: EmbedderIdentity = { model: "test/four", version: "1", dimensions: 4 };
  const embedded = (id: string, text: string, embedding: number[]): IndexDocument => {
    const document = aDocument(id, text);
    return { ...document, embedder: MODEL, chunks: document.chunks.map((chunk) => ({ ...chunk, embedding })) };
  };

  test("a model's vectors find what shares no word with the question", async () => {
    const index = anIndex();
    await index.upsertDocument(embedded("pets", "Dogs are welcome.", [1, 0, 0, 0]));
    await index.upsertDocument(embedded("food", "Lunch is free.", [0, 1, 0, 0]));
    const [first] = await found(index, { query: "canine", queryEmbedding: [0.9, 0.1, 0, 0], embedder: MODEL });
    expect(first).toMatchObject({ documentId: "pets" });
    expect(first?.scores.vector).toBeCloseTo(0.994, 2);
    expect(first?.score).toBeGreaterThan(0.9);
  });

  test("without a query vector such an index is searched by keyword", async () => {
    const index = anIndex();
    await index.upsertDocument(embedded("pets", "Dogs are welcome.", [1, 0, 0, 0]));
    expect(await found(index, { query: "dogs" })).toHaveLength(1);
    expect(await found(index, { query: "canine" })).toEqual([]);
  });

  test("vectors of two embedders never meet", async () => {
    const index = anIndex();
    await index.upsertDocument(embedded("pets", "Dogs are welcome.", [1, 0, 0, 0]));
    const other = { ...embedded("food", "Lunch is free.", [1, 0, 0, 0]), embedder: HASHED_EMBEDDER };
    expect(await index.upsertDocument(other)).toMatchObject({ indexed: false, reason: "embedder-mismatch" });
    expect(
      await index.search({ query: "dogs", queryEmbedding: [1, 0, 0, 0], embedder: HASHED_EMBEDDER }),
    ).toMatchObject({
      found: false,
      reason: "embedder-mismatch",
    });
    expect((await index.stats()).documents).toBe(1);
  });

  test("a missing, short or broken vector is refused and changes nothing", async () => {
    const index = anIndex();
    for (const embedding of [[1, 0, 0], [1, 0, 0, Number.NaN], []]) {
      expect(await index.upsertDocument(embedded("pets", "Dogs.", embedding))).toMatchObject({
        reason: "invalid-embedding",
      });
    }
    const without = { ...aDocument("pets", "Dogs."), embedder: MODEL };
    expect(await index.upsertDocument(without)).toMatchObject({ indexed: false, reason: "invalid-embedding" });
    expect((await index.stats()).documents).toBe(0);
  });
});
