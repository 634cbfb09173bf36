import { describe, expect, it } from "vitest";
import type { KnowledgeDocument } from "../../../domain/knowledge/document.ts";
import { eventually } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aDocument, aKnowledgeBase, form, found, LEAVE_POLICY, settled, TRAVEL_POLICY } from "./a-knowledge-base.ts";

const NOTE = { title: "Note", text: "Lunch is at noon." };

describe("adding a document", () => {
  it("answers at once and indexes it after", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}/documents`, {
      body: { title: "Leave", text: LEAVE_POLICY, contentType: "text/markdown", metadata: { team: "hr" } },
    });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ status: "queued", version: 1, chunks: 0, error: null, indexedAt: null });
    expect(answer.headers.get("location")).toBe(`/v1/knowledge-bases/${kb.id}/documents/${answer.body.id}`);
    const document = await settled(member, answer.body);
    expect(document).toMatchObject({ status: "indexed", chunks: 2, metadata: { team: "hr" }, error: null });
    expect(document.characters).toBe(LEAVE_POLICY.length);
    expect(document.indexedAt).not.toBeNull();
    const job = await member.call(`/v1/jobs/${answer.body.job.id}`);
    expect(job.body).toMatchObject({ type: "document.ingest", subject: { documentId: document.id } });
  });

  it("takes a file of a form, and knows its type by its name", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const upload = form(
      { name: "travel.md", content: TRAVEL_POLICY },
      { metadata: '{"team":"office"}', externalId: "t-1" },
    );
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}/documents`, { method: "POST", ...upload });
    expect(answer.status).toBe(202);
    expect(await settled(member, answer.body)).toMatchObject({
      title: "travel.md",
      contentType: "text/markdown",
      externalId: "t-1",
      metadata: { team: "office" },
      status: "indexed",
    });
  });

  it("keeps the text of other scripts and odd characters exactly", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const text = "Отпуск составляет 28 дней. 年假是十五天。\r\nEmoji 👩‍👩‍👧 stay, cafe\u0301 is composed.";
    const document = await aDocument(member, kb, { title: "Mixed", text });
    const [result] = await found(member, kb, { query: "отпуск дней" });
    const stored = text.replace("\r\n", "\n").normalize("NFC");
    expect(document.characters).toBe(stored.length);
    expect(result?.text).toBe(stored.slice(result?.start, result?.end));
  });

  it.each([
    ["a page of nothing", { text: "<p> </p>", contentType: "text/html" }, "holds no text"],
    ["binary data", { text: "PK\u0003\u0004\0\0" }, "binary data"],
    ["a type that nobody reads", { text: "x", contentType: "image/png" }, "image/png"],
  ])("fails for %s with a reason that a person understands", async (_, body, reason) => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const document = await aDocument(member, kb, { title: "Odd", ...body });
    expect(document).toMatchObject({ status: "failed", chunks: 0 });
    expect(document.error).toContain(reason);
    const { data } = await eventually(
      async () => (await member.call("/v1/jobs/dead-letters")).body,
      (body) => body.data.length > 0,
    );
    expect(data).toMatchObject([
      { type: "document.ingest", status: "failed", error: `document-failed: ${document.error}` },
    ]);
  });

  it.each([
    ["neither text nor address", { title: "A" }, "/text"],
    ["both text and address", { title: "A", text: "x", sourceUrl: "https://example.com/" }, "/text"],
    ["no title", { text: "x" }, "/title"],
    ["a title of nothing", { title: " ", text: "x" }, "/title"],
    ["an unknown member", { title: "A", text: "x", folder: "b" }, "/folder"],
    ["nested metadata", { title: "A", text: "x", metadata: { a: { b: 1 } } }, "/metadata/a"],
    ["an address that is no address", { title: "A", sourceUrl: "file:///etc/passwd" }, "/sourceUrl"],
  ])("refuses %s", async (_, body, pointer) => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}/documents`, { body });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  it.each([
    ["a key that could be an operator", { $team: "hr" }, "/metadata/$team", 'may not start with "$"'],
    ["a list that is too long", { tags: Array(101).fill("x") }, "/metadata/tags", "<=100 items"],
  ])("says what is wrong with metadata: %s", async (_, metadata, pointer, detail) => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}/documents`, { body: { ...NOTE, metadata } });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors).toMatchObject([{ pointer, detail: expect.stringContaining(detail) }]);
  });

  it.each(["", "text/plain\r\nx: y", "текст", 'text/plain; charset="\0"', "🏖️"])(
    "settles whatever type it is said to be: %j",
    async (contentType) => {
      const member = await aTenant();
      const kb = await aKnowledgeBase(member);
      const { status, error } = await aDocument(member, kb, { ...NOTE, contentType });
      expect(status === "indexed" || (status === "failed" && error !== null)).toBe(true);
    },
  );

  it("refuses an import from inside", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}/documents`, {
      body: { title: "Metadata", sourceUrl: "http://169.254.169.254/latest/meta-data" },
    });
    expectProblem(answer, 422, "forbidden-target");
    expect(answer.body.errors).toMatchObject([{ pointer: "/sourceUrl" }]);
  });

  it("refuses a form without a file, and one that is no form", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const path = `/v1/knowledge-bases/${kb.id}/documents`;
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    const empty = '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nA\r\n--b--\r\n';
    expectProblem(await member.call(path, { headers, body: empty }), 422, "validation-failed");
    expectProblem(await member.call(path, { headers, body: "not a form" }), 400, "malformed-request");
  });

  it("refuses a body that is not JSON, of another type, or too large", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const path = `/v1/knowledge-bases/${kb.id}/documents`;
    expectProblem(await member.call(path, { body: "{" }), 400, "malformed-request");
    const headers = { "content-type": "text/plain" };
    expectProblem(await member.call(path, { headers, body: "hello" }), 415, "unsupported-media-type");
    const huge = JSON.stringify({ title: "A", text: "x".repeat(17 * 1024 * 1024) });
    expectProblem(await member.call(path, { body: huge }), 413, "payload-too-large");
  });

  it("adds one document for two requests with the same idempotency key", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const request = { body: { title: "Note", text: "Lunch is at noon." }, headers: { "idempotency-key": "once" } };
    const first = await member.call(`/v1/knowledge-bases/${kb.id}/documents`, request);
    const second = await member.call(`/v1/knowledge-bases/${kb.id}/documents`, request);
    expect(second.body.id).toBe(first.body.id);
  });
});

describe("a document without text", () => {
  it.each([
    ["an empty text", { text: "" }],
    ["white space alone", { text: " \r\n\t " }],
    ["front matter alone", { text: "---\nteam: hr\n---\n", contentType: "text/markdown" }],
  ])("is found by its title, and quoted nowhere: %s", async (_, body) => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const titles = ["Parental leave of fathers", "Parental leave of mothers"];
    for (const title of titles) {
      expect(await aDocument(member, kb, { title, ...body })).toMatchObject({
        status: "indexed",
        chunks: 1,
        error: null,
      });
    }
    const results = await found(member, kb, { query: "parental leave" });
    expect(results.map(({ title }) => title).toSorted()).toEqual(titles);
    expect(results).toMatchObject([
      { text: "", start: 0, end: 0 },
      { text: "", start: 0, end: 0 },
    ]);
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}/answer`, { body: { question: "Parental leave?" } });
    expect(answer.body).toMatchObject({ grounded: false, citations: [] });
  });
});

describe("replacing a document by its external id", () => {
  it("keeps the id, raises the version, and finds the new text alone", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const first = await aDocument(member, kb, { title: "Hours", text: "The office opens at seven.", externalId: "h" });
    const second = await aDocument(member, kb, { title: "Hours", text: "The office opens at nine.", externalId: "h" });
    expect(second).toMatchObject({ id: first.id, version: 2, createdAt: first.createdAt });
    const results = await found(member, kb, { query: "when does the office open" });
    expect(results.map(({ text, externalId }) => [text, externalId])).toEqual([["The office opens at nine.", "h"]]);
  });

  it("leaves the earlier text searchable when the new one cannot be read", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    await aDocument(member, kb, { title: "Hours", text: "The office opens at seven.", externalId: "h" });
    const second = await aDocument(member, kb, { title: "Hours", text: "\0", externalId: "h" });
    expect(second.status).toBe("failed");
    const results = await found(member, kb, { query: "when does the office open" });
    expect(results.map(({ text }) => text)).toEqual(["The office opens at seven."]);
  });

  it("lets every one of many at once be a version", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const path = `/v1/knowledge-bases/${kb.id}/documents`;
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, number) =>
        member.call(path, { body: { title: "Word", text: `The word is ${number}.`, externalId: "w" } }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const versions = answers.map(({ body }) => body.version).toSorted((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
    const last = answers.find(({ body }) => body.version === 12)?.body as KnowledgeDocument;
    expect(await settled(member, last)).toMatchObject({ status: "indexed", version: 12 });
    expect(await found(member, kb, { query: "the word is" })).toHaveLength(1);
  });
});

describe("listing documents", () => {
  it("filters by status and external id, newest first", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const good = await aDocument(member, kb, { title: "Good", text: "Lunch is at noon.", externalId: "good" });
    const bad = await aDocument(member, kb, { title: "Bad", text: "\0" });
    const idsOf = async (query: string) => {
      const { body } = await member.call(`/v1/knowledge-bases/${kb.id}/documents${query}`);
      return body.data.map(({ id }: { id: string }) => id);
    };
    expect(await idsOf("")).toEqual([bad.id, good.id]);
    expect(await idsOf("?status=failed")).toEqual([bad.id]);
    expect(await idsOf("?externalId=good")).toEqual([good.id]);
    expectProblem(await member.call(`/v1/knowledge-bases/${kb.id}/documents?status=lost`), 422, "validation-failed");
  });
});

const ABSENT_BASE = "/v1/knowledge-bases/kb_00000000000000000000000000";

refusesTheWrongActor({
  name: "POST /v1/knowledge-bases/{id}/documents",
  permission: "knowledge:write",
  arrange: async (owner) => ({ path: `/v1/knowledge-bases/${(await aKnowledgeBase(owner)).id}/documents`, body: NOTE }),
  namesResource: true,
  absent: { path: `${ABSENT_BASE}/documents` },
});

refusesTheWrongActor({
  name: "GET /v1/knowledge-bases/{id}/documents",
  permission: "knowledge:read",
  arrange: async (owner) => ({ path: `/v1/knowledge-bases/${(await aKnowledgeBase(owner)).id}/documents` }),
  namesResource: true,
  absent: { path: `${ABSENT_BASE}/documents` },
});

refusesTheWrongActor({
  name: "GET /v1/knowledge-bases/{id}/documents/{documentId}/text",
  permission: "knowledge:read",
  arrange: async (owner) => {
    const kb = await aKnowledgeBase(owner);
    const { id } = await aDocument(owner, kb, NOTE);
    return { path: `/v1/knowledge-bases/${kb.id}/documents/${id}/text` };
  },
  namesResource: true,
  absent: { path: `${ABSENT_BASE}/documents/doc_00000000000000000000000000/text` },
});

describe("the text of a document", () => {
  it("is what offsets count in, and of the version that searches show", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const note = { title: "Note", text: "Lunch:\r\ncafe\u0301 at noon 🍲.", externalId: "note" };
    const { id } = await aDocument(member, kb, note);
    const path = `/v1/knowledge-bases/${kb.id}/documents/${id}/text`;
    const response = await member.fetch(path);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const text = await response.text();
    expect(text).toBe("Lunch:\ncafé at noon 🍲.");
    const [result] = await found(member, kb, { query: "lunch" });
    expect(text.slice(result?.start, result?.end)).toBe(result?.text);
    await aDocument(member, kb, { ...note, text: "Lunch is at one." });
    expect(await (await member.fetch(path)).text()).toBe("Lunch is at one.");
  });

  it("is not there before it is indexed", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const { id } = await aDocument(member, kb, { title: "Odd", text: "\0" });
    expectProblem(await member.call(`/v1/knowledge-bases/${kb.id}/documents/${id}/text`), 404, "not-found");
  });
});

for (const method of ["GET", "DELETE"] as const) {
  refusesTheWrongActor({
    name: `${method} /v1/knowledge-bases/{id}/documents/{documentId}`,
    permission: method === "GET" ? "knowledge:read" : "knowledge:write",
    arrange: async (owner) => {
      const kb = await aKnowledgeBase(owner);
      const { id } = await aDocument(owner, kb, NOTE);
      return { path: `/v1/knowledge-bases/${kb.id}/documents/${id}`, method };
    },
    namesResource: true,
    absent: { path: `${ABSENT_BASE}/documents/doc_00000000000000000000000000` },
  });
}

it("a form that gives a field twice is refused", async () => {
  const member = await aTenant();
  const kb = await aKnowledgeBase(member);
  const { headers, body } = form({ name: "note.txt", content: "Lunch is at noon." }, { title: "A" });
  const twice = body.replace(/(------weft-test-boundary\r\n[^\r]+name="title"\r\n\r\nA\r\n)/, "$1$1");
  const path = `/v1/knowledge-bases/${kb.id}/documents`;
  const answer = await member.call(path, { method: "POST", headers, body: twice });
  expectProblem(answer, 422, "validation-failed");
  expect(answer.body.errors).toMatchObject([{ pointer: "/title" }]);
});

describe("an upload with an idempotency key", () => {
  const upload = (content: string, boundary: string) => {
    const { headers, body } = form({ name: "note.txt", content });
    return {
      method: "POST",
      headers: { "content-type": `multipart/form-data; boundary=${boundary}`, "idempotency-key": "upload-1" },
      body: body.replaceAll(headers["content-type"]?.split("boundary=")[1] ?? "", boundary),
    };
  };

  it("is taken once, though the client draws a new boundary when it repeats", async () => {
    const member = await aTenant();
    const path = `/v1/knowledge-bases/${(await aKnowledgeBase(member)).id}/documents`;
    const first = await member.call(path, upload("Lunch is at noon.", "aaaa1111"));
    const again = await member.call(path, upload("Lunch is at noon.", "bbbb2222"));
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
  });

  it("is refused with another body", async () => {
    const member = await aTenant();
    const path = `/v1/knowledge-bases/${(await aKnowledgeBase(member)).id}/documents`;
    expect((await member.call(path, upload("Lunch is at noon.", "aaaa1111"))).status).toBe(202);
    expectProblem(await member.call(path, upload("Lunch is at one.", "aaaa1111")), 422, "idempotency-key-reused");
    const json = { headers: { "idempotency-key": "json-1" }, body: NOTE };
    expect((await member.call(path, json)).status).toBe(202);
    expectProblem(
      await member.call(path, { ...json, body: { ...NOTE, text: "Lunch is at one." } }),
      422,
      "idempotency-key-reused",
    );
  });

  it("is described with both of its bodies", async () => {
    const member = await aTenant();
    const { body } = await member.call("/openapi.json");
    const { content } = body.paths["/v1/knowledge-bases/{id}/documents"].post.requestBody;
    expect(Object.keys(content)).toEqual(["application/json", "multipart/form-data"]);
    expect(body.components.schemas.UploadDocument.properties.file).toMatchObject({ type: "string", format: "binary" });
  });
});
