import type { ChatCompletionRequest } from "./chat-completion.ts";
import { costOf, type Price } from "./price.ts";
import { tokenUsage } from "./token-usage.ts";

/** What an answer is held for when the request does not bound it: more than most answers have. */
const UNBOUNDED_ANSWER_TOKENS = 4_096;
/** No token is shorter than a byte, and the estimate takes four bytes for one. */
const MAX_TOKENS_PER_ESTIMATED = 4;

export interface CostEstimate {
  /** The prompt by its estimate, and one token of an answer. */
  leastUsdMicros: number;
  /** The prompt with as many tokens as it can have, and the longest answer. */
  worstUsdMicros: number;
}

type Bounds = Pick<ChatCompletionRequest, "n" | "max_tokens" | "max_completion_tokens">;

/** What a call may cost with the dearest of the models it may reach. */
export function costEstimate(prices: readonly (Price | null)[], promptTokens: number, request: Bounds): CostEstimate {
  const answers = request.n ?? 1;
  const most = (prompt: number, answer: number) =>
    Math.max(0, ...prices.map((price) => costOf(tokenUsage(prompt, answer * answers), price).usdMicros));
  return {
    leastUsdMicros: most(promptTokens, 1),
    worstUsdMicros: most(promptTokens * MAX_TOKENS_PER_ESTIMATED, answerTokens(request)),
  };
}

/**
 * The bound of an answer that must do with `usdMicros`, less than it may cost at worst; `null` when that pays for all of it, or the
 * price does not depend on its length.
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
  const affordable = Math.min(...bounds);
  return affordable >= answerTokens(request) ? null : Math.max(1, affordable);
}

function answerTokens({ max_completion_tokens, max_tokens }: Bounds): number {
  return max_completion_tokens ?? max_tokens ?? UNBOUNDED_ANSWER_TOKENS;
}
