import { type Problem, problem } from "../../domain/kernel/problem.ts";
import { type ChatCompletionRequest, messageText } from "../../domain/llm/chat-completion.ts";
import { guardedRequest } from "../../domain/llm/guarded-request.ts";
import type { ServiceContext } from "../context.ts";
import { isHeldBack } from "./guard-by-model.ts";
import { noteFindings } from "./guard-decisions.ts";
import type { Route } from "./load-route.ts";
import type { CallOptions } from "./record-model-call.ts";
import { requireUsableFormat } from "./usable-guardrails.ts";

/** The request as the guardrails of its route let it go on; `content-blocked` when they do not. */
export async function guardInput(
  ctx: ServiceContext,
  route: Route,
  request: ChatCompletionRequest,
  options: CallOptions,
): Promise<ChatCompletionRequest> {
  if (route.guardrails.length === 0) return request;
  requireUsableFormat(ctx, request, route.guardrails);
  const { request: guarded, judgement } = guardedRequest(request, route.guardrails);
  noteFindings(ctx, route.name, "input", judgement.findings);
  const blocking = judgement.findings.find(({ action }) => action === "block")?.guardrail;
  if (blocking !== undefined) throw blocked(blocking);
  const text = guarded.messages.filter(({ role }) => role !== "system" && role !== "developer").map(messageText);
  if (await isHeldBack(ctx, route, "input", text.join("\n\n").trim(), options)) throw blocked("moderation");
  return guarded;
}

function blocked(guardrail: string): Problem {
  return problem("content-blocked", {
    detail: `The guardrail ${guardrail} blocked the request.`,
    members: { guardrail },
  });
}
