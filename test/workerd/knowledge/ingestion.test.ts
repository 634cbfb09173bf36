import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { Task } from "../../../domain/jobs/message.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import type { KnowledgeBase } from "../../../domain/knowledge/knowledge-base.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { tasks } from "../../../services/jobs/table.ts";
import { addDocument, type NewDocument } from "../../../services/knowledge/add-document.ts";
import { deleteDocument } from "../../../services/knowledge/delete-document.ts";
import { deleteKnowledgeBase } from "../../../services/knowledge/delete-knowledge-base.ts";
import { getDocument } from "../../../services/knowledge/get-document.ts";
import { ingestDocument, ingestDocuments } from "../../../services/knowledge/ingest-document.ts";
import { findDocument } from "../../../services/knowledge/load-document.ts";
import type { KnowledgeIndexPort } from "../../../services/knowledge/ports.ts";
import { removeKnowledgeBase } from "../../../services/knowledge/remove-knowledge-base.ts";
import { removeRevisions } from "../../../services/knowledge/remove-revisions.ts";
import { type Ingestion, knowledgeBaseFolder, type Revision } from "../../../services/knowledge/revision.ts";
import { searchKnowledge } from "../../../services/knowledge/search-knowledge.ts";
import type { Outbound } from "../../../services/ports.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { aKnowledgeBase } from "./a-knowledge-base.ts";

/** A tenant whose queue rings for nobody: the test itself runs what is asked for, when it wants. */
async function aQuietTenant(): Promise<{ member: TestMember; ctx: ServiceContext; kb: KnowledgeBase }> {
  const member = await aTenant();
  const kb = await aKnowledgeBase(member);
  const queue = { send: async () => {} };
  return { member, kb, ctx: { ...member.ctx, ports: { ...member.ctx.ports, queue } } };
}

const note = (text: string, externalId = "note"): NewDocument => ({
  title: "Note",
  contentType: "text/plain",
  source: { body: text },
  externalId,
});

async function added(ctx: ServiceContext, kb: KnowledgeBase, input: NewDocument): Promise<Ingestion> {
  const { id } = await addDocument(ctx, kb.id, input);
  const row = await findDocument(ctx, { knowledgeBaseId: kb.id, documentId: id });
  if (row === null) throw new Error("The document was not added.");
  return { knowledgeBaseId: kb.id, documentId: id, version: row.version, folder: row.folder };
}

const textsOf = async (ctx: ServiceContext, kb: KnowledgeBase, query: string) =>
  (await searchKnowledge(ctx, kb.id, { query, topK: 10, mode: "hybrid", rerank: true, minScore: 0 })).results.map(
    ({ text }) => text,
  );

const filesOf = (ctx: ServiceContext, kb: KnowledgeBase) =>
  ctx.ports.files.list(knowledgeBaseFolder(ctx.tenant.id, kb.id));
const statsOf = (ctx: ServiceContext, kb: KnowledgeBase) =>
  ctx.ports.knowledgeIndexes.of(ctx.tenant.id, kb.id, 0).stats();

/** `ctx` in which something happens right before the text is put into the index, so while the document is being ingested. */
function interrupted(ctx: ServiceContext, happening: () => Promise<unknown>): ServiceContext {
  const { knowledgeIndexes } = ctx.ports;
  const of: typeof knowledgeIndexes.of = (...at) => {
    const index = knowledgeIndexes.of(...at);
    const upsertDocuments: typeof index.upsertDocuments = async (documents) => {
      await happening();
      return index.upsertDocuments(documents);
    };
    return { ...index, upsertDocuments };
  };
  return { ...ctx, ports: { ...ctx.ports, knowledgeIndexes: { ...knowledgeIndexes, of } } };
}

describe("a task that is delivered again", () => {
  it("changes nothing once the document is indexed", async () => {
    const { ctx, kb } = await aQuietTenant();
    const ingestion = await added(ctx, kb, note("Lunch is at noon."));
    await ingestDocument(ctx, ingestion);
    const [document, stats] = [await getDocument(ctx, ingestion), await statsOf(ctx, kb)];
    await ingestDocument(ctx, ingestion);
    expect(await getDocument(ctx, ingestion)).toEqual(document);
    expect(await statsOf(ctx, kb)).toEqual(stats);
  });

  it("goes on after an attempt that died between index and settling", async () => {
    const { ctx, kb } = await aQuietTenant();
    const ingestion = await added(ctx, kb, note("Lunch is at noon."));
    const died: ServiceContext = {
      ...ctx,
      db: Object.assign(Object.create(ctx.db), { batch: async () => Promise.reject(new Error("power cut")) }),
    };
    expect(await failureOf(ingestDocument(died, ingestion))).toContain("power cut");
    expect((await getDocument(ctx, ingestion)).status).toBe("processing");
    await ingestDocument(ctx, ingestion);
    expect(await getDocument(ctx, ingestion)).toMatchObject({ status: "indexed", chunks: 1 });
    expect((await statsOf(ctx, kb)).chunks).toBe(1);
  });

  it("fails when its job is cancelled, and says why", async () => {
    const { ctx, kb, member } = await aQuietTenant();
    const { job, ...document } = await addDocument(ctx, kb.id, note("Lunch is at noon."));
    expect((await member.call(`/v1/jobs/${job.id}/cancel`, { method: "POST" })).status).toBe(200);
    expect(await getDocument(ctx, { knowledgeBaseId: kb.id, documentId: document.id })).toMatchObject({
      status: "failed",
      error: "Its job was cancelled.",
    });
  });

  it("removes again what is already gone", async () => {
    const { ctx, kb } = await aQuietTenant();
    const ingestion = await added(ctx, kb, note("Lunch is at noon."));
    await ingestDocument(ctx, ingestion);
    await deleteDocument(ctx, ingestion);
    await removeRevisions(ctx, kb.id, [ingestion]);
    await removeRevisions(ctx, kb.id, [ingestion]);
    expect(await statsOf(ctx, kb)).toMatchObject({ documents: 0, chunks: 0, terms: 0 });
  });
});

describe("documents that are ingested together", () => {
  const outcomes = (settled: PromiseSettledResult<string | null>[]) =>
    settled.map((one) => (one.status === "fulfilled" ? one.value : String(one.reason)));
  const statusesOf = async (ctx: ServiceContext, all: Ingestion[]) =>
    Promise.all(all.map(async (one) => (await getDocument(ctx, one)).status));

  it("end each by itself: one that cannot be read, and one that is in order", async () => {
    const { ctx, kb } = await aQuietTenant();
    const all = [
      await added(ctx, kb, note("Lunch is at noon.", "a")),
      await added(ctx, kb, { ...note("no JSON", "b"), contentType: "application/json" }),
      await added(ctx, kb, note("Dinner is at seven.", "c")),
    ];
    expect(outcomes(await ingestDocuments(ctx, kb.id, all))).toEqual([null, "The file is not valid JSON.", null]);
    expect(await statusesOf(ctx, all)).toEqual(["indexed", "failed", "indexed"]);
    expect(await textsOf(ctx, kb, "dinner")).toEqual(["Dinner is at seven."]);
    expect(await statsOf(ctx, kb)).toMatchObject({ documents: 2, chunks: 2 });
  });

  it("take a fixed number of calls to index and database, however many they are", async () => {
    const { ctx, kb } = await aQuietTenant();
    const all: Ingestion[] = [];
    for (const id of ["a", "b", "c", "d", "e"]) all.push(await added(ctx, kb, note(`Rule ${id} of the house.`, id)));
    const counted = withCounts(ctx);
    await ingestDocuments(counted.ctx, kb.id, all);
    expect(counted.calls).toEqual({ batches: 1, upserts: 1 });
    expect(await statusesOf(ctx, all)).toEqual(all.map(() => "indexed"));
  });

  it("are settled each by itself when one of them was deleted meanwhile", async () => {
    const { ctx, kb } = await aQuietTenant();
    const all = [
      await added(ctx, kb, note("Lunch is at noon.", "a")),
      await added(ctx, kb, note("Dinner is at seven.", "b")),
    ];
    let deletion: Promise<unknown> | undefined;
    const removed = interrupted(ctx, async () => {
      for (const one of all.slice(1)) deletion ??= deleteDocument(ctx, one);
      await deletion;
    });
    expect(outcomes(await ingestDocuments(removed, kb.id, all))).toEqual([null, null]);
    expect(await textsOf(ctx, kb, "lunch or dinner")).toEqual(["Lunch is at noon."]);
    expect(await statsOf(ctx, kb)).toMatchObject({ documents: 1, chunks: 1 });
  });

  it("are all tried again when the index does not answer", async () => {
    const { ctx, kb } = await aQuietTenant();
    const all = [await added(ctx, kb, note("Lunch is at noon.", "a")), await added(ctx, kb, note("Dinner.", "b"))];
    const silent = withIndex(ctx, async () => {
      throw problem("unavailable", { detail: "The index is away." });
    });
    for (const outcome of outcomes(await ingestDocuments(silent, kb.id, all))) expect(outcome).toContain("is away");
    expect(await statusesOf(ctx, all)).toEqual(["processing", "processing"]);
    await ingestDocuments(ctx, kb.id, all);
    expect(await statusesOf(ctx, all)).toEqual(["indexed", "indexed"]);
  });

  it("fail alone where settling fails: the others are settled, and it is when it is tried again", async () => {
    const { ctx, kb } = await aQuietTenant();
    const all = [await added(ctx, kb, note("Lunch is at noon.", "a")), await added(ctx, kb, note("Dinner.", "b"))];
    const failures = [new Error("commit-guard: the commit of both"), undefined, new Error("power cut")].values();
    const batch = async (...statements: Parameters<ServiceContext["db"]["batch"]>) => {
      const failure = failures.next().value;
      if (failure !== undefined) throw failure;
      return ctx.db.batch(...statements);
    };
    const failing = { ...ctx, db: Object.assign(Object.create(ctx.db), { batch }) };
    const ended = outcomes(await ingestDocuments(failing, kb.id, all));
    expect(ended.toSorted()).toEqual(["Error: power cut", null]);
    expect(await statusesOf(ctx, all)).toEqual(ended.map((outcome) => (outcome === null ? "indexed" : "processing")));
    expect(outcomes(await ingestDocuments(ctx, kb.id, all))).toEqual([null, null]);
    expect(await statusesOf(ctx, all)).toEqual(["indexed", "indexed"]);
  });

  it("change nothing when they are asked for again", async () => {
    const { ctx, kb } = await aQuietTenant();
    const all = [await added(ctx, kb, note("Lunch is at noon.", "a")), await added(ctx, kb, note("Dinner.", "b"))];
    await ingestDocuments(ctx, kb.id, all);
    const stats = await statsOf(ctx, kb);
    expect(outcomes(await ingestDocuments(ctx, kb.id, all))).toEqual([null, null]);
    expect(await statsOf(ctx, kb)).toEqual(stats);
  });
});

/** `ctx` with another way to write into the index. */
function withIndex(ctx: ServiceContext, upsertDocuments: KnowledgeIndexPort["upsertDocuments"]): ServiceContext {
  const { knowledgeIndexes } = ctx.ports;
  const of: typeof knowledgeIndexes.of = (...at) => ({ ...knowledgeIndexes.of(...at), upsertDocuments });
  return { ...ctx, ports: { ...ctx.ports, knowledgeIndexes: { ...knowledgeIndexes, of } } };
}

/** `ctx` that counts the calls which documents can share. */
function withCounts(ctx: ServiceContext) {
  const calls = { batches: 0, upserts: 0 };
  const { knowledgeIndexes } = ctx.ports;
  const of: typeof knowledgeIndexes.of = (...at) => {
    const index = knowledgeIndexes.of(...at);
    return {
      ...index,
      upsertDocuments: (documents) => {
        calls.upserts += 1;
        return index.upsertDocuments(documents);
      },
    };
  };
  const batch = (...statements: Parameters<ServiceContext["db"]["batch"]>) => {
    calls.batches += 1;
    return ctx.db.batch(...statements);
  };
  const db: ServiceContext["db"] = Object.assign(Object.create(ctx.db), { batch });
  const ports = { ...ctx.ports, knowledgeIndexes: { ...knowledgeIndexes, of } };
  return { calls, ctx: { ...ctx, db, ports } };
}

describe("a document that is replaced while it is ingested", () => {
  it("shows the later text alone, whichever is indexed last", async () => {
    const { ctx, kb } = await aQuietTenant();
    const first = await added(ctx, kb, note("The office opens at seven."));
    const second: { ingestion?: Ingestion } = {};
    const late = interrupted(ctx, async () => {
      second.ingestion = await added(ctx, kb, note("The office opens at nine."));
      await ingestDocument(ctx, second.ingestion);
    });
    await ingestDocument(late, first);
    expect(await getDocument(ctx, first)).toMatchObject({ status: "indexed", version: 2 });
    expect(await textsOf(ctx, kb, "when does the office open")).toEqual(["The office opens at nine."]);
    expect(await statsOf(ctx, kb)).toMatchObject({ documents: 1, chunks: 1 });
    expect((await filesOf(ctx, kb)).every((key) => key.startsWith(second.ingestion?.folder ?? "?"))).toBe(true);
  });

  it("keeps showing the earlier text until the later one is indexed", async () => {
    const { ctx, kb } = await aQuietTenant();
    await ingestDocument(ctx, await added(ctx, kb, note("The office opens at seven.")));
    const second = await added(ctx, kb, note("The office opens at nine."));
    expect(await getDocument(ctx, second)).toMatchObject({ status: "queued", version: 2 });
    expect(await textsOf(ctx, kb, "when does the office open")).toEqual(["The office opens at seven."]);
    await ingestDocument(ctx, second);
    expect(await textsOf(ctx, kb, "when does the office open")).toEqual(["The office opens at nine."]);
  });

  it("does not take a place from another result while the replaced text is still in the index", async () => {
    const { ctx, kb } = await aQuietTenant();
    await ingestDocument(ctx, await added(ctx, kb, note("The office opens at seven.")));
    await ingestDocument(ctx, await added(ctx, kb, note("The office opens at nine, on Fridays too.")));
    await ingestDocument(ctx, await added(ctx, kb, note("The shop opens at ten.", "shop")));
    expect((await statsOf(ctx, kb)).documents).toBe(3);
    const { results } = await searchKnowledge(ctx, kb.id, {
      query: "when does the office open",
      topK: 2,
      mode: "hybrid",
      rerank: true,
      minScore: 0,
    });
    expect(results.map(({ text }) => text)).toEqual([
      "The office opens at nine, on Fridays too.",
      "The shop opens at ten.",
    ]);
  });
});

describe("deleting", () => {
  it("leaves nothing of a document in index and files", async () => {
    const { ctx, kb } = await aQuietTenant();
    const first = await added(ctx, kb, note("The office opens at seven."));
    await ingestDocument(ctx, first);
    const second = await added(ctx, kb, note("The office opens at nine."));
    await deleteDocument(ctx, second);
    expect(await textsOf(ctx, kb, "when does the office open")).toEqual([]);
    await removeRevisions(ctx, kb.id, await removalsOf(ctx));
    expect(await statsOf(ctx, kb)).toMatchObject({ documents: 0, chunks: 0, terms: 0 });
    expect(await filesOf(ctx, kb)).toEqual([]);
  });

  it("wins over an ingestion that is under way", async () => {
    const { ctx, kb } = await aQuietTenant();
    const ingestion = await added(ctx, kb, note("Lunch is at noon."));
    await ingestDocument(
      interrupted(ctx, async () => {
        await deleteDocument(ctx, ingestion);
        await removeRevisions(ctx, kb.id, [ingestion]);
      }),
      ingestion,
    );
    expect(await textsOf(ctx, kb, "lunch")).toEqual([]);
    expect(await statsOf(ctx, kb)).toMatchObject({ documents: 0, chunks: 0, terms: 0 });
    expect(await filesOf(ctx, kb)).toEqual([]);
  });

  it("leaves nothing of a knowledge base in index and files, even of a document under way", async () => {
    const { ctx, kb } = await aQuietTenant();
    await ingestDocument(ctx, await added(ctx, kb, note("Lunch is at noon.", "a")));
    const ingestion = await added(ctx, kb, note("Dinner is at seven.", "b"));
    await ingestDocument(
      interrupted(ctx, async () => {
        await deleteKnowledgeBase(ctx, kb.id);
        await removeKnowledgeBase(ctx, { knowledgeBaseId: kb.id, latestGeneration: 0 });
      }),
      ingestion,
    );
    expect(await statsOf(ctx, kb)).toMatchObject({ documents: 0, chunks: 0, terms: 0 });
    expect(await filesOf(ctx, kb)).toEqual([]);
  });
});

describe("an import", () => {
  it("is fetched, follows redirects and takes the type that the server tells", async () => {
    const { ctx, kb } = await aQuietTenant();
    const asked: string[] = [];
    const online = withAnswers(ctx, asked, {
      "https://example.com/old": new Response(null, { status: 302, headers: { location: "/new" } }),
      "https://example.com/new": new Response("# Lunch\n\nIt is at noon.", {
        headers: { "content-type": "text/markdown" },
      }),
    });
    const ingestion = await added(online, kb, imported("https://example.com/old"));
    await ingestDocument(online, ingestion);
    expect(asked).toEqual(["https://example.com/old", "https://example.com/new"]);
    expect(await getDocument(ctx, ingestion)).toMatchObject({ status: "indexed", contentType: "text/markdown" });
  });

  it("fails when the server answers with nothing at all", async () => {
    const { ctx, kb } = await aQuietTenant();
    const empty = new Response("", { headers: { "content-type": "text/plain" } });
    const online = withAnswers(ctx, [], { "https://example.com/empty": empty });
    const ingestion = await added(online, kb, imported("https://example.com/empty"));
    expect(await ingestDocument(online, ingestion)).toBe("The address answered with nothing.");
  });

  it("is tried again when the server breaks off its answer", async () => {
    const { ctx, kb } = await aQuietTenant();
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from("Lunch is"));
        controller.error(new Error("reset"));
      },
    });
    const online = withAnswers(ctx, [], { "https://example.com/cut": new Response(broken) });
    const ingestion = await added(online, kb, imported("https://example.com/cut"));
    await expect(ingestDocument(online, ingestion)).rejects.toMatchObject({ code: "unavailable" });
    const { status, error } = await getDocument(ctx, ingestion);
    expect([status, error]).toEqual(["processing", expect.stringContaining("The address broke off its answer.")]);
  });

  it("fails with the server's answer when there is nothing, and is indexed when it is run again and there is", async () => {
    const { ctx, kb } = await aQuietTenant();
    const online = withAnswers(ctx, [], { "https://example.com/gone": new Response("no", { status: 404 }) });
    const ingestion = await added(online, kb, imported("https://example.com/gone"));
    expect(await ingestDocument(online, ingestion)).toBe("The address answered 404.");
    expect(await getDocument(ctx, ingestion)).toMatchObject({ status: "failed", error: "The address answered 404." });
    const page = new Response("Back again.", { headers: { "content-type": "text/plain" } });
    expect(await ingestDocument(withAnswers(ctx, [], { "https://example.com/gone": page }), ingestion)).toBeNull();
    expect(await getDocument(ctx, ingestion)).toMatchObject({ status: "indexed", error: null });
  });

  it("is tried again while the server is down, and gives up with a reason", async () => {
    const { ctx, kb } = await aQuietTenant();
    const asked: string[] = [];
    const offline = withAnswers(ctx, asked, {});
    const ingestion = await added(offline, kb, imported("https://example.com/down"));
    for (let attempt = 1; attempt < 5; attempt++) {
      expect(await failureOf(ingestDocument(offline, ingestion))).toContain("cannot be reached");
    }
    await ingestDocument(offline, ingestion);
    expect(asked).toHaveLength(5);
    expect(await getDocument(ctx, ingestion)).toMatchObject({
      status: "failed",
      error: "The address cannot be reached.",
    });
  });
});

function imported(url: string): NewDocument {
  return { title: "Page", contentType: null, source: { url } };
}

/** The outside as a table of answers; an address that is not in it is down. */
function withAnswers(ctx: ServiceContext, asked: string[], answers: Record<string, Response>): ServiceContext {
  const outbound: Outbound = {
    judge: () => ({ allowed: true }),
    async fetch({ url }) {
      asked.push(url);
      const response = answers[url]?.clone();
      if (response === undefined) throw problem("unavailable", { detail: "The address cannot be reached." });
      return {
        status: response.status,
        headers: response.headers,
        text: () => response.text(),
        stream: response.body,
      };
    },
  };
  return { ...ctx, ports: { ...ctx.ports, outbound } };
}

/** The revisions that the tenant's stored tasks ask to remove. */
async function removalsOf(ctx: ServiceContext): Promise<Revision[]> {
  const rows = await ctx.db.select().from(tasks).where(eq(tasks.tenantId, ctx.tenant.id));
  return rows.flatMap((row) => {
    const task = Task.parse({ type: row.type, payload: row.payload });
    return task.type === "document.remove" ? task.payload.revisions : [];
  });
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "did not fail";
  } catch (error) {
    return String(error);
  }
}

describe("a replaced revision that is still in the index", () => {
  it("hides nothing of the new one that says the same", async () => {
    const { ctx, kb } = await aQuietTenant();
    await ingestDocument(ctx, await added(ctx, kb, note("Lunch is at noon in the large hall of the house.")));
    // The same words again; the task that removes the first revision has not run yet.
    await ingestDocument(ctx, await added(ctx, kb, note("Lunch is at noon in the large hall of the house!")));
    expect(await statsOf(ctx, kb)).toMatchObject({ documents: 2 });
    expect(await textsOf(ctx, kb, "when is lunch")).toEqual(["Lunch is at noon in the large hall of the house!"]);
  });
});

describe("a defect on our side", () => {
  it("leaves a sentence on the document, while it is tried again and once it is given up", async () => {
    const { ctx, kb } = await aQuietTenant();
    const ingestion = await added(ctx, kb, note("Lunch is at noon."));
    const address = { knowledgeBaseId: kb.id, documentId: ingestion.documentId };
    const failing = interrupted(ctx, async () => {
      throw new TypeError("cannot read properties of undefined");
    });
    for (let attempt = 1; attempt < 5; attempt++) {
      const failure = await ingestDocument(failing, ingestion).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TypeError);
      const { status, error } = await getDocument(ctx, address);
      expect(status).toBe("processing");
      expect(error).toBe(
        `Attempt ${attempt} of 5: Something went wrong on our side while it was read (${ctx.requestId}). It is tried again.`,
      );
    }
    await ingestDocument(failing, ingestion);
    expect(await getDocument(ctx, address)).toMatchObject({
      status: "failed",
      error: `Something went wrong on our side while it was read (${ctx.requestId}).`,
    });
  });
});
