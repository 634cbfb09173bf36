import { describe, expect, it } from "vitest";
import { aTenant } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aDocument, aKnowledgeBase, LEAVE_POLICY } from "./a-knowledge-base.ts";

const ABSENT = "/v1/knowledge-bases/kb_00000000000000000000000000";

describe("knowledge bases", () => {
  it("are created with the defaults that the API names", async () => {
    const member = await aTenant();
    const answer = await member.call("/v1/knowledge-bases", { body: { name: "Handbook" } });
    expect(answer.headers.get("location")).toBe(`/v1/knowledge-bases/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      name: "Handbook",
      description: null,
      chunking: { maxTokens: 512, overlapTokens: 128 },
      embeddingModel: "local/hash-embed",
      reembedding: null,
      documents: 0,
      chunks: 0,
    });
  });

  it("count their documents and chunks", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const { chunks } = await aDocument(member, kb, {
      title: "Leave",
      text: LEAVE_POLICY,
      contentType: "text/markdown",
    });
    await aDocument(member, kb, { title: "Note", text: "Lunch is at noon." });
    const { body } = await member.call(`/v1/knowledge-bases/${kb.id}`);
    expect(body).toMatchObject({ documents: 2, chunks: chunks + 1 });
  });

  it("are listed newest first, page by page", async () => {
    const member = await aTenant();
    const names = ["First", "Second", "Third"];
    for (const name of names) await aKnowledgeBase(member, { name });
    const first = await member.call("/v1/knowledge-bases?limit=2");
    const second = await member.call(`/v1/knowledge-bases?limit=2&cursor=${first.body.nextCursor}`);
    const seen = [...first.body.data, ...second.body.data].map(({ name }: { name: string }) => name);
    expect(seen).toEqual(names.toReversed());
    expect(second.body.nextCursor).toBeNull();
  });

  it("keep what a change does not name, and lose a description that it takes away", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member, { description: "For everyone" });
    const { body } = await member.call(`/v1/knowledge-bases/${kb.id}`, { method: "PATCH", body: { name: "Rules" } });
    expect(body).toMatchObject({ name: "Rules", description: "For everyone", chunking: kb.chunking });
    const cleared = await member.call(`/v1/knowledge-bases/${kb.id}`, { method: "PATCH", body: { description: null } });
    expect(cleared.body).toMatchObject({ name: "Rules", description: null });
  });

  it("refuse to change to a model of no known provider", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const body = { embeddingModel: "nobody/embed" };
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}`, { method: "PATCH", body });
    expectProblem(answer, 422, "validation-failed");
  });

  it("are gone at once when deleted", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const document = await aDocument(member, kb, { title: "Note", text: "Lunch is at noon." });
    const path = `/v1/knowledge-bases/${kb.id}`;
    expect((await member.call(path, { method: "DELETE" })).status).toBe(204);
    expectProblem(await member.call(path), 404, "not-found");
    expectProblem(await member.call(`${path}/documents/${document.id}`), 404, "not-found");
    expectProblem(await member.call(`${path}/search`, { body: { query: "lunch" } }), 404, "not-found");
    expectProblem(await member.call(path, { method: "DELETE" }), 404, "not-found");
  });

  it.each([
    ["no name", {}, "/name"],
    ["an empty name", { name: " " }, "/name"],
    ["an unknown member", { name: "A", colour: "red" }, "/colour"],
    [
      "an overlap of more than half",
      { name: "A", chunking: { maxTokens: 100, overlapTokens: 80 } },
      "/chunking/overlapTokens",
    ],
    ["a model of no known provider", { name: "A", embeddingModel: "nobody/embed" }, "/embeddingModel"],
    ["a model that embeds nothing", { name: "A", embeddingModel: "local/extractive" }, "/embeddingModel"],
  ])("refuse %s", async (_, body, pointer) => {
    const member = await aTenant();
    const answer = await member.call("/v1/knowledge-bases", { body });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  it("leave their making, change and end in the audit log", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    await member.call(`/v1/knowledge-bases/${kb.id}`, { method: "PATCH", body: { name: "Rules" } });
    await member.call(`/v1/knowledge-bases/${kb.id}`, { method: "DELETE" });
    const { body } = await member.call("/v1/audit-entries");
    const actions = body.data.map(({ action }: { action: string }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(["knowledge-base.created", "knowledge-base.updated", "knowledge-base.deleted"]),
    );
  });
});

refusesTheWrongActor({
  name: "POST /v1/knowledge-bases",
  permission: "knowledge:write",
  arrange: async () => ({ path: "/v1/knowledge-bases", body: { name: "Handbook" } }),
  namesResource: false,
});

refusesTheWrongActor({
  name: "GET /v1/knowledge-bases/{id}",
  permission: "knowledge:read",
  arrange: async (owner) => ({ path: `/v1/knowledge-bases/${(await aKnowledgeBase(owner)).id}` }),
  namesResource: true,
  absent: { path: ABSENT },
});

refusesTheWrongActor({
  name: "PATCH /v1/knowledge-bases/{id}",
  permission: "knowledge:write",
  arrange: async (owner) => ({
    path: `/v1/knowledge-bases/${(await aKnowledgeBase(owner)).id}`,
    method: "PATCH",
    body: { name: "Stolen" },
  }),
  namesResource: true,
  absent: { path: ABSENT },
});

refusesTheWrongActor({
  name: "DELETE /v1/knowledge-bases/{id}",
  permission: "knowledge:write",
  arrange: async (owner) => ({ path: `/v1/knowledge-bases/${(await aKnowledgeBase(owner)).id}`, method: "DELETE" }),
  namesResource: true,
  absent: { path: ABSENT },
});
