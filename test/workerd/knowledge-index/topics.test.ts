import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { durableKnowledgeIndexes } from "../../../adapters/durable/knowledge-indexes.ts";
import { mixed } from "../../../domain/knowledge/analysis/term-id.ts";
import type { IndexDocument } from "../../../domain/knowledge/index-contract.ts";
import type { KnowledgeIndex } from "../../../durable-objects/knowledge-index/index-object.ts";
import type { KnowledgeIndexPort } from "../../../services/knowledge/ports.ts";
import { anIndex, found, type IndexStub } from "./an-index.ts";

/** Sentences of twenty worlds with a hundred words each, which share no letters but by chance. */
function aLibrary(documentId: string, chunks: number): IndexDocument {
  const seed = documentId.length * 10_000;
  return {
    documentId,
    title: documentId,
    metadata: {},
    chunks: Array.from({ length: chunks }, (_, at) => {
      const text = Array.from({ length: 20 }, (_, n) => word(at % 20, mixed((seed + at) * 20 + n) % 100)).join(" ");
      return { chunkId: `${documentId}#${at}`, start: 0, end: text.length, text, headingPath: [] };
    }),
  };
}

function word(world: number, number: number): string {
  return `q${mixed(world * 100 + number + 7).toString(36)}`;
}

const QUERY = Array.from({ length: 8 }, (_, at) => word(3, at));
const sharesNoWord = (text: string) => !QUERY.some((one) => text.includes(one));
const isOfItsWorld = (text: string) =>
  Array.from({ length: 100 }, (_, at) => word(3, at)).some((one) => text.includes(one));

const rowsOf = (index: IndexStub) =>
  runInDurableObject(index, (_: KnowledgeIndex, { storage: { sql } }) =>
    ["topic_model", "topic_term", "topic_segment"].map((table) =>
      Number(sql.exec(`select count(*) n from ${table}`).one().n),
    ),
  );

const generationsOf = (index: IndexStub) =>
  runInDurableObject(index, (_: KnowledgeIndex, { storage: { sql } }) =>
    sql.exec("select generation, chunks, is_in_force from topic_model").toArray(),
  );

/** Learning is a second of work. */
const LONG_MS = 60_000;

describe("topics learned from the collection", () => {
  test(
    "bring what shares no word with the query, follow what comes and goes, and are learned anew",
    async () => {
      const index = anIndex();
      await index.upsertDocument(aLibrary("library", 1_000));
      const asked = () => found(index, { query: QUERY.join(" "), topK: 100 });
      const akin = async () =>
        (await asked())
          .filter(({ text }) => sharesNoWord(text) && isOfItsWorld(text))
          .map(({ documentId }) => documentId);
      const before = (await akin()).length;

      expect(await runDurableObjectAlarm(index)).toBe(true);
      const learned = await asked();
      expect((await akin()).length).toBeGreaterThan(before);
      await evictDurableObject(index);
      expect(await asked()).toEqual(learned);

      await index.upsertDocument(aLibrary("later", 505));
      expect(await akin()).toContain("later");
      expect(await runDurableObjectAlarm(index)).toBe(false);
      await index.upsertDocument(aLibrary("last", 600));
      expect(await runDurableObjectAlarm(index)).toBe(true);
      expect(await generationsOf(index)).toEqual([{ generation: 2, chunks: 2_105, is_in_force: 1 }]);

      await index.removeDocument("library");
      expect((await rowsOf(index))[2]).toBe(2);
      await index.clear();
      expect(await rowsOf(index)).toEqual([0, 0, 0]);
    },
    LONG_MS,
  );

  test(
    "are one model where the index lies over several objects, which answer as one does",
    async () => {
      const kb = crypto.randomUUID();
      const indexOf = (tenant: string, chunksPerObject: number) =>
        durableKnowledgeIndexes(env.KNOWLEDGE_INDEX, { chunksPerObject }).of(tenant, kb, 0);
      const [one, several] = [indexOf("ten_one", 100_000), indexOf("ten_several", 400)];
      const [head, first] = [anIndex(`ten_one:${kb}`), anIndex(`ten_several:${kb}`)];
      const shards = [1, 2, 3].map((shard) => anIndex(`ten_several:${kb}/${shard}`));
      const put = async (from: number, to: number) => {
        const documents = Array.from({ length: to - from }, (_, at) =>
          aLibrary(`library${"x".repeat(from + at)}`, 100),
        );
        for (const index of [one, several]) await index.upsertDocuments(documents);
      };
      const asked = async (index: KnowledgeIndexPort) => {
        const outcome = await index.search({ query: QUERY.join(" "), topK: 100 });
        if (!outcome.found) throw new Error(outcome.detail);
        return outcome.results;
      };
      const isAkin = ({ text }: { text: string }) => sharesNoWord(text) && isOfItsWorld(text);
      const topicsIn = (index: IndexStub) => index.topicGeneration();
      /** On a slow machine the alarm has rung by itself. */
      const learnt = async (head: IndexStub, last: IndexStub) => {
        await runDurableObjectAlarm(head);
        await vi.waitFor(async () => expect(await topicsIn(last)).toBe(1), { timeout: 20_000 });
      };

      await put(0, 10);
      const before = (await asked(several)).filter(isAkin).length;
      await learnt(head, head);
      await learnt(first, shards[1] ?? first);
      const learned = await asked(several);
      expect(learned).toEqual(await asked(one));
      expect(learned.filter(isAkin).length).toBeGreaterThan(before);
      for (const index of [first, ...shards.slice(0, 2)]) await evictDurableObject(index);
      expect(await asked(several)).toEqual(learned);

      await put(10, 13);
      expect(await Promise.all([first, ...shards].map(topicsIn))).toEqual([1, 1, 1, null]);
      expect((await asked(several)).filter(isAkin).length).toBeLessThan(learned.filter(isAkin).length);
      await learnt(first, shards[2] ?? first);
      expect(await Promise.all([first, ...shards].map(topicsIn))).toEqual([1, 1, 1, 1]);
      expect(await asked(several)).toEqual(await asked(one));

      await several.clear();
      for (const index of [first, ...shards]) expect(await rowsOf(index)).toEqual([0, 0, 0]);
    },
    LONG_MS,
  );

  test("are left to the model where vectors come from one", async () => {
    const index = anIndex();
    const embedder = { model: "test/four", version: "1", dimensions: 4 };
    const { chunks, ...library } = aLibrary("library", 1_000);
    const embedded = chunks.map((chunk) => ({ ...chunk, embedding: [1, 0, 0, 0] }));
    await index.upsertDocument({ ...library, embedder, chunks: embedded });
    expect(await runDurableObjectAlarm(index)).toBe(false);
  });
});
