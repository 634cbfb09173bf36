import { describe, expect, it } from "vitest";
import type { Job } from "../../../domain/jobs/job.ts";
import type { EvaluationResult } from "../../../domain/knowledge/evaluation/evaluation.ts";
import type { KnowledgeBase } from "../../../domain/knowledge/knowledge-base.ts";
import { eventually } from "../../support/a-run.ts";
import { anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aDocument, aKnowledgeBase, LEAVE_POLICY, TRAVEL_POLICY } from "./a-knowledge-base.ts";

const QUERY = { id: "q1", text: "weeks of paid parental leave", relevant: { leave: 1 } };

async function aHandbook(): Promise<{ member: TestMember; kb: KnowledgeBase; leaveId: string }> {
  const member = await aTenant();
  const kb = await aKnowledgeBase(member);
  const leave = await aDocument(member, kb, { title: "Leave", text: LEAVE_POLICY, contentType: "text/markdown" });
  await aDocument(member, kb, { title: "Travel", text: TRAVEL_POLICY, externalId: "travel-1" });
  return { member, kb, leaveId: leave.id };
}

/** Asks for an evaluation and waits for the figures. */
async function evaluated(member: TestMember, kb: { id: string }, body: object): Promise<EvaluationResult> {
  const answer = await member.call(`/v1/knowledge-bases/${kb.id}/evaluations`, { body });
  expect(answer.status).toBe(202);
  expect(answer.headers.get("location")).toBe(`/v1/jobs/${answer.body.id}`);
  const job = await eventually(
    async () => (await member.call(`/v1/jobs/${answer.body.id}`)).body as Job,
    ({ status }) => status === "succeeded" || status === "failed",
  );
  expect(job).toMatchObject({ type: "knowledge-base.evaluate", status: "succeeded", progress: 1 });
  return job.result as unknown as EvaluationResult;
}

describe("an evaluation", () => {
  it("measures searches against judgements by id and by external id", async () => {
    const { member, kb, leaveId } = await aHandbook();
    const result = await evaluated(member, kb, {
      k: 5,
      queries: [
        { id: "q1", text: "weeks of paid parental leave", relevant: { [leaveId]: 1 } },
        { id: "q2", text: "what may a hotel cost", relevant: { "travel-1": 2 } },
        { id: "q3", text: "annual leave", relevant: { "not-there": 1 } },
      ],
    });
    expect(result.perQuery.map(({ id, success, mrr }) => [id, success, mrr])).toEqual([
      ["q1", 1, 1],
      ["q2", 1, 1],
      ["q3", 0, 0],
    ]);
    expect(result.perQuery[1]?.retrieved[0]).toBe("travel-1");
    expect(result.success).toBeCloseTo(2 / 3);
    expect(new Set(result.perQuery[0]?.retrieved).size).toBe(result.perQuery[0]?.retrieved.length);
    expect(result.latency.p95Ms).toBeGreaterThanOrEqual(result.latency.p50Ms);
    expect(result).toMatchObject({ knowledgeBaseId: kb.id, k: 5, configuration: { mode: "hybrid", rerank: true } });
    expect(result.comparison).toBeUndefined();
    expect(result.unknownDocuments).toEqual(["not-there"]);
  });

  it("knows a document by both of its names, as each query says it", async () => {
    const { member, kb } = await aHandbook();
    const { id } = await aDocument(member, kb, { title: "Lunch", text: "Lunch is at noon.", externalId: "lunch" });
    const result = await evaluated(member, kb, {
      queries: [
        { id: "q1", text: "lunch at noon", relevant: { [id]: 1 } },
        { id: "q2", text: "lunch at noon", relevant: { lunch: 1 } },
      ],
    });
    expect(result).toMatchObject({ success: 1, unknownDocuments: [] });
    expect(result.perQuery.map(({ retrieved }) => retrieved[0])).toEqual([id, "lunch"]);
  });

  it("compares two ways of searching, query by query", async () => {
    const { member, kb, leaveId } = await aHandbook();
    const { comparison } = await evaluated(member, kb, {
      queries: [
        { id: "same", text: "paid parental leave", relevant: { [leaveId]: 1 } },
        { id: "lost", text: "hotel", relevant: { "travel-1": 1 } },
      ],
      // Nothing is so relevant: the other side finds nothing.
      configuration: { minScore: 1 },
      compareWith: { mode: "keyword", filter: {} },
    });
    expect(comparison?.with).toMatchObject({ success: 1, configuration: { mode: "keyword" } });
    expect(comparison?.perQuery).toHaveLength(2);
    const { wins } = comparison ?? {};
    expect((wins?.with ?? 0) + (wins?.ties ?? 0) + (wins?.configuration ?? 0)).toBe(2);
    expect(wins?.with).toBeGreaterThan(0);
    expect(comparison?.ndcgGain).toBeGreaterThan(0);
  });

  it("answers the job to a key that may not read other jobs", async () => {
    const { member, kb } = await aHandbook();
    const key = await anApiKey(member, ["knowledge:write"]);
    const answer = await key.call(`/v1/knowledge-bases/${kb.id}/evaluations`, { body: { queries: [QUERY] } });
    expect(answer.status).toBe(202);
    expectProblem(await key.call(`/v1/jobs/${answer.body.id}`), 403, "forbidden");
  });

  it.each([
    ["no queries", { queries: [] }, "/queries"],
    ["a query without a relevant document", { queries: [{ ...QUERY, relevant: { leave: 0 } }] }, "/queries/0/relevant"],
    ["two queries of one id", { queries: [QUERY, QUERY] }, "/queries"],
    ["an unknown mode", { queries: [QUERY], compareWith: { mode: "psychic" } }, "/compareWith/mode"],
  ])("refuses %s", async (_, body, pointer) => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const answer = await member.call(`/v1/knowledge-bases/${kb.id}/evaluations`, { body });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });
});

refusesTheWrongActor({
  name: "POST /v1/knowledge-bases/{id}/evaluations",
  permission: "knowledge:write",
  arrange: async (owner) => ({
    path: `/v1/knowledge-bases/${(await aKnowledgeBase(owner)).id}/evaluations`,
    body: { queries: [QUERY] },
  }),
  namesResource: true,
  absent: { path: "/v1/knowledge-bases/kb_00000000000000000000000000/evaluations" },
});
