import { asProblem } from "../../domain/kernel/problem.ts";
import type { ChatCompletion } from "../../domain/llm/chat-completion.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import { mayFallOver } from "./call-model.ts";
import type { ChatCall } from "./chat-call.ts";
import { loadTarget } from "./find-target.ts";

/** Where a fallback answer comes from: the route's own text, or the platform's own model. */
export type FallbackKind = "text" | "model";

export interface FallbackCompletion {
  completion: ChatCompletion;
  kind: FallbackKind;
  provider: string;
  model: string;
}

/** What a call is answered when no target answers, marked as such in `weft.fallback`. Without one, `failure` is thrown on. */
export async function fallbackCompletion(
  ctx: ServiceContext,
  call: ChatCall,
  failure: unknown,
): Promise<FallbackCompletion> {
  const { fallbackAnswer } = call.route;
  const known = asProblem(failure);
  if (fallbackAnswer === null || known === null || !mayFallOver(known) || call.options.signal?.aborted) throw failure;
  ctx.log.warn("route.fallback-answered", { route: call.route.name, problem: known.code });
  if ("text" in fallbackAnswer) {
    const completion = marked(textCompletion(ctx, fallbackAnswer.text), "text");
    return { completion, kind: "text", provider: "weft", model: "fallback" };
  }
  const { provider, model } = await loadTarget(ctx, fallbackAnswer.model);
  const { stream: _, stream_options: __, ...whole } = call.request;
  const completion = await ctx.ports.chatModels.open(provider).chat.complete({ ...whole, model }, {});
  return { completion: marked(completion, "model"), kind: "model", provider: provider.name, model };
}

function textCompletion(ctx: ServiceContext, text: string): ChatCompletion {
  return {
    id: ctx.ids.next("cmpl"),
    object: "chat.completion",
    created: Math.floor(ctx.clock.now() / 1_000),
    model: "weft/fallback",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: tokenUsage(0, 0),
  };
}

function marked(completion: ChatCompletion, kind: FallbackKind): ChatCompletion {
  return { ...completion, weft: { fallback: kind } };
}
