import { problem } from "../../domain/kernel/problem.ts";
import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { guardedRequest } from "../../domain/llm/guarded-request.ts";
import { isBlocked } from "../../domain/llm/guardrail-judge.ts";
import type { ServiceContext } from "../context.ts";
import { noteFindings } from "./guard-decisions.ts";
import type { Route } from "./load-route.ts";

/** The request as the guardrails of its route let it go on; `content-blocked` when they do not. */
export function guardInput(ctx: ServiceContext, route: Route, request: ChatCompletionRequest): ChatCompletionRequest {
  if (route.guardrails.length === 0) return request;
  const { request: guarded, judgement } = guardedRequest(request, route.guardrails);
  noteFindings(ctx, route.name, "input", judgement.findings);
  if (!isBlocked(judgement)) return guarded;
  const guardrail = judgement.findings.at(-1)?.guardrail;
  throw problem("content-blocked", {
    detail: `The guardrail ${guardrail} blocked the request.`,
    members: { guardrail },
  });
}
