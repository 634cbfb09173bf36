import type { ChatCompletionRequest } from "./chat-completion.ts";
import { costOf, type Price } from "./price.ts";
import { tokenUsage } from "./token-usage.ts";

/** What an answer is held for when the request does not bound it: more than most answers have. */
const UNBOUNDED_ANSWER_TOKENS = 4_096;

export interface CostEstimate {
  /** The prompt, and one token of an answer. */
  leastUsdMicros: number;
  worstUsdMicros: number;
}

type Bounds = Pick<ChatCompletionRequest, "n" | "max_tokens" | "max_completion_tokens">;

/** What a call may cost with the dearest of the models it may reach. */
export function costEstimate(prices: readonly (Price | null)[], promptTokens: number, request: Bounds): CostEstimate {
  const answers = request.n ?? 1;
  const most = (tokens: number) =>
    Math.max(0, ...prices.map((price) => costOf(tokenUsage(promptTokens, tokens * answers), price).usdMicros));
  return { leastUsdMicros: most(1), worstUsdMicros: most(answerTokens(request) ?? UNBOUNDED_ANSWER_TOKENS) };
}

/**
 * The bound of an answer that must do with `usdMicros`, less than it may cost at worst; `null` when the price does not depend
 * on its length.
 */
export function affordableTokens(
  prices: readonly (Price | null)[],
  promptTokens: number,
  request: Bounds,
  usdMicros: number,
): number | null {
  const bounds = prices.flatMap((price) => {
    const rate = price?.outputUsdMicrosPerMillionTokens ?? 0;
    if (rate === 0) return [];
    const prompt = costOf(tokenUsage(promptTokens, 0), price).usdMicros;
    return [Math.floor(((usdMicros - prompt) * 1_000_000) / rate / (request.n ?? 1))];
  });
  return bounds.length === 0 ? null : Math.max(1, Math.min(...bounds));
}

function answerTokens({ max_completion_tokens, max_tokens }: Bounds): number | null {
  return max_completion_tokens ?? max_tokens ?? null;
}
