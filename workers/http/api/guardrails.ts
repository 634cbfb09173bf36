import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { GuardrailDecision, GuardrailPolicy } from "../../../domain/llm/guardrail.ts";
import { getGuardrailPolicy, putGuardrailPolicy } from "../../../services/llm/guardrail-policy.ts";
import { listGuardrailDecisions } from "../../../services/llm/list-guardrail-decisions.ts";
import { reply, routes } from "../operation.ts";

export const guardrails = routes();

guardrails.add(
  {
    method: "get",
    path: "/v1/guardrails",
    id: "getGuardrails",
    tag: "LLM gateway",
    summary: "The guardrails of every call to a model",
    access: "llm:read",
    returns: { 200: GuardrailPolicy },
    conditional: true,
  },
  async ({ ctx }) => reply(200, await getGuardrailPolicy(ctx)),
);

guardrails.add(
  {
    method: "put",
    path: "/v1/guardrails",
    id: "putGuardrails",
    tag: "LLM gateway",
    summary: "Replaces the guardrails of every call to a model; a route adds its own behind them",
    access: "settings:write",
    body: GuardrailPolicy,
    returns: { 200: GuardrailPolicy },
    conditional: true,
  },
  async ({ ctx, body }) => reply(200, await putGuardrailPolicy(ctx, body)),
);

guardrails.add(
  {
    method: "get",
    path: "/v1/guardrails/decisions",
    id: "listGuardrailDecisions",
    tag: "LLM gateway",
    summary: "What guardrails found, by kind and count, the latest first",
    access: "usage:read",
    query: PageRequest,
    returns: { 200: z.object({ data: z.array(GuardrailDecision), nextCursor: z.string().nullable() }) },
  },
  async ({ ctx, query }) => reply(200, await listGuardrailDecisions(ctx, query)),
);
