import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { QueueMessage } from "../../../domain/jobs/message.ts";
import type { KnowledgeBase } from "../../../domain/knowledge/knowledge-base.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { addDocument, type NewDocument } from "../../../services/knowledge/add-document.ts";
import { ingestDocument } from "../../../services/knowledge/ingest-document.ts";
import { findDocument } from "../../../services/knowledge/load-document.ts";
import type { Ingestion } from "../../../services/knowledge/revision.ts";
import worker from "../../../workers/main.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { aKnowledgeBase } from "./a-knowledge-base.ts";

const TEXT = "Lunch is at noon.\n\nDinner is at seven.";

interface House {
  ctx: ServiceContext;
  kb: KnowledgeBase;
  /** Runs what uploads left to be done after their answers, and answers what they told the queue, which hears nothing of it. */
  rings(): Promise<QueueMessage[]>;
}

async function aHouse(): Promise<House> {
  const member = await aTenant();
  const kb = await aKnowledgeBase(member);
  const sent: QueueMessage[] = [];
  const after: Promise<unknown>[] = [];
  const queue: ServiceContext["ports"]["queue"] = {
    send: async (messages) => {
      sent.push(...messages);
    },
  };
  const later = (work: Promise<unknown>) => {
    after.push(work);
  };
  const ctx = { ...member.ctx, later, ports: { ...member.ctx.ports, queue } };
  const rings = async () => {
    await Promise.all(after);
    return sent;
  };
  return { ctx, kb, rings };
}

const note = (body: string | Uint8Array<ArrayBuffer>, contentType = "text/plain"): NewDocument => ({
  title: "Note",
  contentType,
  source: { body },
});

async function added({ ctx, kb }: House, input: NewDocument): Promise<Ingestion> {
  const { id } = await addDocument(ctx, kb.id, input);
  const row = await findDocument(ctx, { knowledgeBaseId: kb.id, documentId: id });
  if (row === null) throw new Error("The document was not added.");
  return { knowledgeBaseId: kb.id, documentId: id, version: row.version, folder: row.folder };
}

const statusOf = async ({ ctx }: House, ingestion: Ingestion) => (await findDocument(ctx, ingestion))?.status;
const filesOf = async ({ ctx }: House, { folder }: Ingestion) =>
  (await ctx.ports.files.list(folder)).map((key) => key.slice(folder.length + 1));

async function delivered(messages: readonly QueueMessage[], attempts = 1): Promise<void> {
  const batch = createMessageBatch(
    "weft-jobs",
    messages.map((body) => ({ id: crypto.randomUUID(), body, timestamp: new Date(), attempts })),
  );
  const execution = createExecutionContext();
  await worker.queue(batch, env, execution);
  await getQueueResult(batch, execution);
}

describe("an upload that is its own canonical text", () => {
  it("is stored once, as that text", async () => {
    const house = await aHouse();
    for (const input of [note(TEXT), note(Buffer.from(TEXT)), note(TEXT, "text/markdown; charset=utf-8")]) {
      const ingestion = await added(house, input);
      expect(await filesOf(house, ingestion)).toEqual(["text"]);
      expect(await ingestDocument(house.ctx, ingestion)).toBeNull();
      expect(await filesOf(house, ingestion)).toEqual(["text"]);
      expect(await findDocument(house.ctx, ingestion)).toMatchObject({ status: "indexed", characters: TEXT.length });
    }
  });

  it("travels with the ring of its task, which does not read it again", async () => {
    const house = await aHouse();
    const ingestion = await added(house, note(TEXT));
    const rings = await house.rings();
    await house.ctx.ports.files.remove([`${ingestion.folder}/text`]);
    await delivered(rings);
    expect(await statusOf(house, ingestion)).toBe("indexed");
  });

  it("is read from where it is stored when its ring was lost", async () => {
    const house = await aHouse();
    const ingestion = await added(house, note(TEXT));
    const rings = (await house.rings()).flatMap((ring) => ("files" in ring ? [{ ...ring, files: undefined }] : []));
    await delivered(rings);
    expect(await statusOf(house, ingestion)).toBe("indexed");
  });

  it("stays where it is when it is too large to travel", async () => {
    const house = await aHouse();
    const ingestion = await added(house, note("Lunch is at noon. ".repeat(1_000)));
    const rings = await house.rings();
    expect(rings).toMatchObject([{ kind: "stored-tasks", files: {} }]);
    await delivered(rings);
    expect(await statusOf(house, ingestion)).toBe("indexed");
  });

  it("travels in messages that the queue takes, whatever its letters", async () => {
    const house = await aHouse();
    for (let i = 0; i < 10; i++) await added(house, note("書".repeat(16_000)));
    const rings = await house.rings();
    expect(rings.flatMap((ring) => ("files" in ring ? Object.keys(ring.files ?? {}) : []))).toHaveLength(10);
    for (const ring of rings) expect(Buffer.byteLength(JSON.stringify(ring))).toBeLessThan(128_000);
  });
});

describe("any other upload", () => {
  it.each([
    ["other line ends", "Lunch is at noon.\r\nDinner is at seven.", "text/plain"],
    ["letters in two parts", "Cafe\u0301 at noon.", "text/plain"],
    ["another encoding", Uint8Array.from(Buffer.from("Café at noon.", "latin1")), "text/plain; charset=iso-8859-1"],
    ["a table", "meal,time\nlunch,noon\n", "text/csv"],
    ["data", '{"lunch": "noon"}', "application/json"],
    ["a page", "<p>Lunch is at noon.</p>", "text/html"],
  ])("is stored as it came, and its text beside it: %s", async (_, body, contentType) => {
    const house = await aHouse();
    const ingestion = await added(house, note(body, contentType));
    expect(await filesOf(house, ingestion)).toEqual(["source"]);
    expect(await house.ctx.ports.files.bytes(`${ingestion.folder}/source`)).toEqual(Uint8Array.from(Buffer.from(body)));
    expect(await ingestDocument(house.ctx, ingestion)).toBeNull();
    expect(await filesOf(house, ingestion)).toEqual(["source", "text"]);
  });

  it("fails by its task when it cannot be read", async () => {
    const house = await aHouse();
    const ingestion = await added(house, note("Lunch\u0000\u0001\u0002 at noon."));
    expect(await filesOf(house, ingestion)).toEqual(["source"]);
    expect(await ingestDocument(house.ctx, ingestion)).toBe("The file holds binary data, not text.");
  });
});

describe("an upload to a knowledge base that is not there", () => {
  it("is refused, and leaves no file", async () => {
    const house = await aHouse();
    await expect(addDocument(house.ctx, "kb_none", note(TEXT))).rejects.toMatchObject({ code: "not-found" });
    await house.rings();
    expect(await house.ctx.ports.files.list(`${house.ctx.tenant.id}/knowledge/kb_none/`)).toEqual([]);
  });
});
