import { describe, expect, it } from "vitest";
import type { KnowledgeDocument } from "../../../domain/knowledge/document.ts";
import { DOCX } from "../../../domain/knowledge/extraction/file-type.ts";
import { addDocument } from "../../../services/knowledge/add-document.ts";
import { aDocx, aPdf } from "../../support/a-file.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { aKnowledgeBase, found, settled } from "./a-knowledge-base.ts";

const UNKNOWN = "application/octet-stream";

async function uploaded(
  member: TestMember,
  kb: { id: string },
  contentType: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<KnowledgeDocument> {
  const document = await addDocument(member.ctx, kb.id, { title: "File", contentType, source: { body } });
  return settled(member, document);
}

// The first PDF loads its reader, which the test runner transforms first.
describe("a file", { timeout: 30_000 }, () => {
  it.each([
    ["HTML", "text/html", "<h1>Food</h1><p>Lunch is at noon.</p>"],
    ["CSV", "text/csv", "Meal,Time\nLunch,noon\n"],
    ["tab-separated values", "text/tab-separated-values", "Meal\tTime\nLunch\tnoon\n"],
    ["JSON", "application/json", '{"meals":{"lunch":"at noon"}}'],
    ["JSON Lines", "application/jsonl", '{"lunch":"at noon"}\n{"dinner":"at seven"}\n'],
    ["YAML", "application/yaml", "lunch: at noon\n"],
    ["XML", "application/xml", "<meal>Lunch is at noon.</meal>"],
    ["no told type, being text", UNKNOWN, "Lunch is at noon."],
    ["no told type, being a page", UNKNOWN, "<!DOCTYPE html><p>Lunch is at noon.</p>"],
    ["no told type, being a PDF", UNKNOWN, aPdf(["Lunch is at noon."])],
    ["no told type, being DOCX", UNKNOWN, aDocx("<w:p><w:r><w:t>Lunch is at noon.</w:t></w:r></w:p>")],
    ["PDF", "application/pdf", aPdf(["Lunch is at noon."])],
    ["DOCX", DOCX, aDocx("<w:p><w:r><w:t>Lunch is at noon.</w:t></w:r></w:p>")],
  ])("of %s is read, found and cited", async (_, contentType, body) => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    expect(await uploaded(member, kb, contentType, body)).toMatchObject({ status: "indexed", error: null });
    const [result] = await found(member, kb, { query: "lunch" });
    expect(result?.text.toLowerCase()).toContain("noon");
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}/answer`, { body: { question: "When is lunch?" } });
    expect(answer.body).toMatchObject({ grounded: true });
    expect(answer.body.citations[0].quote.toLowerCase()).toContain("noon");
  });

  it.each([
    ["a PDF without text", "application/pdf", aPdf([]), "holds no text"],
    ["a PDF that is none", "application/pdf", "hello", "not a readable PDF"],
    ["a Word document that is none", DOCX, "hello", "not a Word document"],
    ["JSON that is none", "application/json", "{", "not valid JSON"],
    ["bytes of no told type", UNKNOWN, Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0), `type ${UNKNOWN} cannot`],
    ["a page of nothing", "text/html", "<script>1</script>", "holds no text"],
  ])("fails for %s with its reason", async (_, contentType, body, reason) => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const document = await uploaded(member, kb, contentType, body);
    expect(document.status).toBe("failed");
    expect(document.error).toContain(reason);
  });
});
