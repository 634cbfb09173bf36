import type { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { estimatedPromptTokens } from "../../domain/llm/token-estimate.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { type BudgetHold, holdBudgets } from "./budget-hold.ts";
import { guardInput } from "./guard-input.ts";
import { loadRoute, type Route } from "./load-route.ts";
import type { CallOptions } from "./record-model-call.ts";

// One chat completion on its way through the gateway. `completeChat` and `streamChat` take it through the same stages:
//   open      may the actor; the route and its targets; guards of the input
//   cached    an equal or a similar answer from before: free, and nothing below is done
//   reserved  the budgets hold what it may cost
//   asked     the targets one after the other, each behind its circuit breaker; without any, the route's fallback answer
//   guarded   guards of the output
//   settled   however it ended: the reservation is settled, the call is on the bill, the answer is kept for the next one

export interface ChatCall {
  /** As the targets are asked. */
  request: ChatCompletionRequest;
  route: Route;
  isStreamed: boolean;
  options: CallOptions;
  startedAt: number;
  /** What the budgets hold for it, once it is about to cost something. */
  hold: BudgetHold | null;
}

/** The first stage: everything that can refuse a call before it costs anything. */
export async function openChatCall(
  ctx: ServiceContext,
  request: ChatCompletionRequest,
  options: CallOptions,
  isStreamed: boolean,
): Promise<ChatCall> {
  requirePermission(ctx, "llm:write");
  const startedAt = ctx.clock.now();
  const route = await loadRoute(ctx, request.model, request.user);
  return { request: await guardInput(ctx, route, request, options), route, isStreamed, options, startedAt, hold: null };
}

/** The stage `reserved`. Where the budgets pay for less than the answer may take, the answer is bounded by what they pay for. */
export async function reserved(ctx: ServiceContext, call: ChatCall): Promise<ChatCall & { hold: BudgetHold }> {
  const hold = await holdBudgets(ctx, call.route, () => promptTokensOf(call), call.request);
  if (hold.maxTokens === null) return { ...call, hold };
  const { max_tokens: _, ...request } = call.request;
  return { ...call, hold, request: { ...request, max_completion_tokens: hold.maxTokens } };
}

/** What the prompt weighs, for a reservation and for the bill of a caller that left while the model was at work. */
export function promptTokensOf({ request }: ChatCall): number {
  return estimatedPromptTokens(request);
}
