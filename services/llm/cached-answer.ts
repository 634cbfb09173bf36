import type { CachedAnswer } from "../../domain/llm/answer-cache.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import type { ChatCall } from "./chat-call.ts";
import type { Target } from "./find-target.ts";
import { settleCall } from "./record-model-call.ts";

/** Puts an answer that was not asked for anew on the bill: at no cost, with what it saved. */
export function settleCached(
  ctx: ServiceContext,
  { route, isStreamed, options, startedAt }: ChatCall,
  { completion, provider, model, costUsdMicros }: CachedAnswer,
  as: "hit" | "semantic",
): void {
  settleCall(ctx, {
    kind: "chat",
    status: "succeeded",
    target: formerTarget(provider, model),
    route: route.name,
    routeVersion: route.version,
    options,
    isStreamed,
    usage: completion.usage ?? tokenUsage(0, 0),
    isEstimated: !completion.usage,
    startedAt,
    firstTokenAt: isStreamed ? ctx.clock.now() : null,
    finishReason: completion.choices[0]?.finish_reason ?? null,
    cached: { as, savedUsdMicros: costUsdMicros },
  });
}

/** Who once gave the answer; by now it may be gone, and it is not called. */
function formerTarget(name: string, model: string): Target {
  const provider = { name, kind: "openai-compatible", baseUrl: null, apiKey: null, timeoutMs: 0, prices: {} } as const;
  return { provider, model };
}
