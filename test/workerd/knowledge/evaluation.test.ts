import { describe, expect, it } from "vitest";
import { evaluateKnowledge } from "../../../services/knowledge/evaluate-knowledge.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { aDocument, aKnowledgeBase, LEAVE_POLICY, TRAVEL_POLICY } from "./a-knowledge-base.ts";

describe("an evaluation", () => {
  it("measures searches against judgements by id and by external id", async () => {
    const member = await aTenant();
    const kb = await aKnowledgeBase(member);
    const leave = await aDocument(member, kb, { title: "Leave", text: LEAVE_POLICY, contentType: "text/markdown" });
    await aDocument(member, kb, { title: "Travel", text: TRAVEL_POLICY, externalId: "travel-1" });
    const result = await evaluateKnowledge(member.ctx, kb.id, {
      k: 5,
      queries: [
        { id: "q1", text: "weeks of paid parental leave", relevant: { [leave.id]: 1 } },
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
  });
});
