import * as z from "zod";

/** Far beyond what a model reads or writes at once: no count, and a sum of such would pass what a number holds exactly. */
export const MAX_TOKENS = 1_000_000_000;

export const TokenCount = z.int().min(0).max(MAX_TOKENS);

export const TokenUsage = z
  .looseObject({
    prompt_tokens: TokenCount,
    completion_tokens: TokenCount.default(0),
    total_tokens: TokenCount,
    prompt_tokens_details: z
      .looseObject({ cached_tokens: TokenCount.nullish(), cache_write_tokens: TokenCount.nullish() })
      .nullish(),
    completion_tokens_details: z.looseObject({ reasoning_tokens: TokenCount.nullish() }).nullish(),
  })
  .meta({ id: "TokenUsage", example: { prompt_tokens: 21, completion_tokens: 8, total_tokens: 29 } });
export type TokenUsage = z.infer<typeof TokenUsage>;

/** As a provider tells it. What cannot be read is taken for not told: an answer that is whole does not fail by its count. */
export const ToldUsage = TokenUsage.nullish().catch(null);

export function tokenUsage(promptTokens: number, completionTokens: number): TokenUsage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/**
 * All that the model wrote. Some servers leave its reasoning out of `completion_tokens` and in the total; a total above a prompt that
 * is smaller than its cached part says nothing, since such a prompt was counted without it.
 */
export function writtenTokens(usage: TokenUsage): number {
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage;
  const { cached_tokens: cached, cache_write_tokens: cacheWrite } = usage.prompt_tokens_details ?? {};
  return (cached ?? 0) + (cacheWrite ?? 0) > prompt ? completion : Math.max(completion, total - prompt);
}

/** Of two calls for one answer. */
export function usageSum(a: TokenUsage, b: TokenUsage): TokenUsage {
  const sum = (count: (usage: TokenUsage) => number | null | undefined) => (count(a) ?? 0) + (count(b) ?? 0);
  return {
    ...tokenUsage(
      sum((usage) => usage.prompt_tokens),
      sum(writtenTokens),
    ),
    prompt_tokens_details: {
      cached_tokens: sum((usage) => usage.prompt_tokens_details?.cached_tokens),
      cache_write_tokens: sum((usage) => usage.prompt_tokens_details?.cache_write_tokens),
    },
    completion_tokens_details: { reasoning_tokens: sum((usage) => usage.completion_tokens_details?.reasoning_tokens) },
  };
}

/** Of the prompt: `plain` at full price, what the provider's cache already held, and what was written into it. */
export function promptParts(usage: TokenUsage): { plain: number; cached: number; cacheWrite: number } {
  const cached = Math.min(usage.prompt_tokens, usage.prompt_tokens_details?.cached_tokens ?? 0);
  const cacheWrite = Math.min(usage.prompt_tokens - cached, usage.prompt_tokens_details?.cache_write_tokens ?? 0);
  return { plain: usage.prompt_tokens - cached - cacheWrite, cached, cacheWrite };
}
