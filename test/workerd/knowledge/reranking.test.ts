import { describe, expect, it } from "vitest";
import { problem } from "../../../domain/kernel/problem.ts";
import { SearchRequest } from "../../../domain/knowledge/search.ts";
import type { ServiceContext } from "../../../services/context.ts";
import type { CrossEncoder } from "../../../services/knowledge/ports.ts";
import { searchKnowledge } from "../../../services/knowledge/search-knowledge.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { expectProblem } from "../../support/guards.ts";
import { aDocument, aKnowledgeBase, LEAVE_POLICY, TRAVEL_POLICY } from "./a-knowledge-base.ts";

async function aHandbook() {
  const member = await aTenant();
  const kb = await aKnowledgeBase(member);
  await aDocument(member, kb, { title: "Leave", text: LEAVE_POLICY, contentType: "text/markdown" });
  await aDocument(member, kb, { title: "Travel", text: TRAVEL_POLICY, contentType: "text/markdown" });
  return { member, kb };
}

function judgedBy(ctx: ServiceContext, scores: CrossEncoder["scores"]): ServiceContext {
  return { ...ctx, ports: { ...ctx.ports, crossEncoder: { name: "test", scores } } };
}

const asked = (body: object) => SearchRequest.parse({ query: "days of paid leave", ...body });

describe("a search with a cross-encoder", () => {
  it("shows its order and its scores, chosen among more than it shows", async () => {
    const { member, kb } = await aHandbook();
    const ctx = judgedBy(member.ctx, async (_, texts) =>
      texts.map((text) => (text.includes("Receipts") ? 0.97 : 0.03)),
    );
    const answer = await searchKnowledge(ctx, kb.id, asked({ reranker: "cross-encoder", topK: 1 }));
    expect(answer.reranking).toEqual({ by: "cross-encoder", isApplied: true });
    expect(answer.results.map(({ title, score }) => [title, score])).toEqual([["Travel", 0.97]]);
    const strict = await searchKnowledge(ctx, kb.id, asked({ reranker: "cross-encoder", minScore: 0.5 }));
    expect(strict.results).toHaveLength(1);
  });

  it.each([
    ["fails", () => Promise.reject(problem("provider-failed", { detail: "The reranker did not answer." }))],
    ["takes too long", () => new Promise<number[]>(() => {})],
    ["has a defect", () => Promise.reject(new TypeError("x is not a function"))],
  ])("keeps the index's order when it %s, and says so", async (_, scores) => {
    const { member, kb } = await aHandbook();
    const plain = await searchKnowledge(member.ctx, kb.id, asked({}));
    const answer = await searchKnowledge(judgedBy(member.ctx, scores), kb.id, asked({ reranker: "cross-encoder" }));
    expect(answer.reranking).toMatchObject({ by: "cross-encoder", isApplied: false, reason: expect.any(String) });
    expect(answer.reranking?.reason).not.toContain("function");
    expect(answer.results).toEqual(plain.results);
  });

  it("says that none is configured", async () => {
    const { member, kb } = await aHandbook();
    const { body } = await member.call(`/v1/knowledge-bases/${kb.id}/search`, {
      body: { query: "leave", reranker: "cross-encoder" },
    });
    expect(body.reranking).toMatchObject({ isApplied: false, reason: "No cross-encoder is configured." });
    expect(body.results.length).toBeGreaterThan(0);
  });
});

describe("a search with a model as judge", () => {
  it("keeps the order when the model does not grade", async () => {
    const { member, kb } = await aHandbook();
    const answer = await searchKnowledge(member.ctx, kb.id, asked({ reranker: "local/extractive" }));
    expect(answer.reranking).toMatchObject({ by: "local/extractive", isApplied: false });
    expect(answer.results.length).toBeGreaterThan(0);
  });

  it("refuses a model that nobody offers", async () => {
    const { member, kb } = await aHandbook();
    const body = { query: "leave", reranker: "nobody/model" };
    expectProblem(await member.call(`/v1/knowledge-bases/${kb.id}/search`, { body }), 404, "not-found");
  });
});

describe("a search with other words", () => {
  it("finds by the words that the model gives, and shows them", async () => {
    const { member, kb } = await aHandbook();
    const { chatModels } = member.ctx.ports;
    const ctx: ServiceContext = {
      ...member.ctx,
      ports: {
        ...member.ctx.ports,
        chatModels: {
          ...chatModels,
          open: (provider) => {
            const models = chatModels.open(provider);
            const complete: typeof models.chat.complete = async (request, call) => {
              const answer = await models.chat.complete(request, call);
              const [choice] = answer.choices;
              if (choice === undefined) return answer;
              return {
                ...answer,
                choices: [{ ...choice, message: { ...choice.message, content: "- hotel a night\n- trains" } }],
              };
            };
            return { ...models, chat: { ...models.chat, complete } };
          },
        },
      },
    };
    const request = asked({ query: "lodging", rephrase: { model: "local/extractive", count: 2 } });
    const answer = await searchKnowledge(ctx, kb.id, request);
    expect(answer.queries).toEqual(["lodging", "hotel a night", "trains"]);
    expect(answer.results[0]?.title).toBe("Travel");
    expect(new Set(answer.results.map(({ chunkId }) => chunkId)).size).toBe(answer.results.length);
  });
});
