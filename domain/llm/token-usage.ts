import * as z from "zod";

const Count = z.int().nonnegative();

export const TokenUsage = z
  .looseObject({
    prompt_tokens: Count,
    completion_tokens: Count.default(0),
    total_tokens: Count,
    prompt_tokens_details: z
      .looseObject({ cached_tokens: Count.nullish(), cache_write_tokens: Count.nullish() })
      .nullish(),
    completion_tokens_details: z.looseObject({ reasoning_tokens: Count.nullish() }).nullish(),
  })
  .meta({ id: "TokenUsage", example: { prompt_tokens: 21, completion_tokens: 8, total_tokens: 29 } });
export type TokenUsage = z.infer<typeof TokenUsage>;

export function tokenUsage(promptTokens: number, completionTokens: number): TokenUsage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** Of the prompt: `plain` at full price, what the provider's cache already held, and what was written into it. */
export function promptParts(usage: TokenUsage): { plain: number; cached: number; cacheWrite: number } {
  const cached = Math.min(usage.prompt_tokens, usage.prompt_tokens_details?.cached_tokens ?? 0);
  const cacheWrite = Math.min(usage.prompt_tokens - cached, usage.prompt_tokens_details?.cache_write_tokens ?? 0);
  return { plain: usage.prompt_tokens - cached - cacheWrite, cached, cacheWrite };
}
