import { expect } from "vitest";
import type { KnowledgeDocument } from "../../../domain/knowledge/document.ts";
import type { KnowledgeBase } from "../../../domain/knowledge/knowledge-base.ts";
import type { SearchResult } from "../../../domain/knowledge/search.ts";
import { eventually } from "../../support/a-run.ts";
import type { TestMember } from "../../support/a-tenant.ts";

export const LEAVE_POLICY = `# Leave policy

## Annual leave

Everyone has 30 days of paid leave a year. Unused days expire on 31 March of the next year.

## Parental leave

Parents get 16 weeks of paid parental leave. It may be taken in two parts within the first two years.
`;

export const TRAVEL_POLICY = `# Travel policy

Trains are booked in second class. Flights under six hours are booked in economy class.

Hotels may cost 140 euros a night. Receipts are handed in within 30 days.
`;

export async function aKnowledgeBase(member: TestMember, body: object = {}): Promise<KnowledgeBase> {
  const answer = await member.call("/v1/knowledge-bases", { body: { name: "Handbook", ...body } });
  expect(answer.status).toBe(201);
  return answer.body as KnowledgeBase;
}

/** Adds the document and waits until it is indexed or has failed. */
export async function aDocument(member: TestMember, kb: { id: string }, body: object): Promise<KnowledgeDocument> {
  const answer = await member.call(`/v1/knowledge-bases/${kb.id}/documents`, { body });
  expect(answer.status).toBe(202);
  return settled(member, answer.body as KnowledgeDocument);
}

export async function settled(
  member: TestMember,
  { knowledgeBaseId, id }: KnowledgeDocument,
): Promise<KnowledgeDocument> {
  return eventually(
    async () => (await member.call(`/v1/knowledge-bases/${knowledgeBaseId}/documents/${id}`)).body as KnowledgeDocument,
    ({ status }) => status === "indexed" || status === "failed",
  );
}

export async function found(member: TestMember, kb: { id: string }, body: object): Promise<SearchResult[]> {
  const answer = await member.call(`/v1/knowledge-bases/${kb.id}/search`, { body });
  expect(answer.status).toBe(200);
  return (answer.body as { results: SearchResult[] }).results;
}

/** A multipart form with one file and further fields, as text. */
export function form(
  file: { name: string; type?: string; content: string },
  fields: Record<string, string> = {},
): { headers: Record<string, string>; body: string } {
  const boundary = "----weft-test-boundary";
  const parts = [
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\n`,
    `${file.type === undefined ? "" : `Content-Type: ${file.type}\r\n`}\r\n${file.content}\r\n`,
    ...Object.entries(fields).map(
      ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    ),
    `--${boundary}--\r\n`,
  ];
  return { headers: { "content-type": `multipart/form-data; boundary=${boundary}` }, body: parts.join("") };
}
