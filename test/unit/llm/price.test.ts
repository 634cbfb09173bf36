import { describe, expect, it } from "vitest";
import { costOf } from "../../../domain/llm/price.ts";
import { listPrice } from "../../../domain/llm/price-table.ts";
import { tokenUsage } from "../../../domain/llm/token-usage.ts";

const price = { inputUsdMicrosPerMillionTokens: 2_500_000, outputUsdMicrosPerMillionTokens: 10_000_000 };

describe("the cost of a call", () => {
  it("is a whole number of micro-dollars, rounded once", () => {
    // 3 * 2.5 + 1 * 10 = 17.5
    expect(costOf(tokenUsage(3, 1), price)).toEqual({ usdMicros: 18, priced: true });
    // Rounding each part would give 3 + 3 + 0.
    const halves = { ...price, cachedInputUsdMicrosPerMillionTokens: 2_500_000 };
    const usage = { ...tokenUsage(2, 0), prompt_tokens_details: { cached_tokens: 1 } };
    expect(costOf(usage, halves).usdMicros).toBe(5);
  });

  it("takes cached and written prompt tokens at their own rates", () => {
    const rates = {
      ...price,
      cachedInputUsdMicrosPerMillionTokens: 250_000,
      cacheWriteUsdMicrosPerMillionTokens: 3_125_000,
    };
    const usage = {
      ...tokenUsage(1_000_000, 0),
      prompt_tokens_details: { cached_tokens: 400_000, cache_write_tokens: 200_000 },
    };
    expect(costOf(usage, rates).usdMicros).toBe(400_000 * 2.5 + 400_000 * 0.25 + 200_000 * 3.125);
  });

  it("never bills more prompt than there is, whatever details say", () => {
    const usage = { ...tokenUsage(10, 0), prompt_tokens_details: { cached_tokens: 50, cache_write_tokens: 50 } };
    expect(costOf(usage, price).usdMicros).toBe(25);
  });

  it("bills reasoning as output, also where a provider tells it in the total alone", () => {
    expect(costOf({ prompt_tokens: 20, completion_tokens: 200, total_tokens: 620 }, price).usdMicros).toBe(50 + 6_000);
    const details = { prompt_tokens_details: { cached_tokens: 500 } };
    expect(costOf({ prompt_tokens: 20, completion_tokens: 2, total_tokens: 522, ...details }, price).usdMicros).toBe(
      70,
    );
  });

  it("stays exact for counts whose product passes 2^53", () => {
    const rates = { inputUsdMicrosPerMillionTokens: 9_999_999_999, outputUsdMicrosPerMillionTokens: 0 };
    expect(costOf(tokenUsage(9_999_999, 0), rates).usdMicros).toBe(99_999_989_990);
  });

  it("is 0 and says so when the price is unknown", () => {
    expect(costOf(tokenUsage(5, 5), null)).toEqual({ usdMicros: 0, priced: false });
  });
});

describe("the built-in prices", () => {
  it("know a model under its dated name", () => {
    expect(listPrice("openai", "gpt-4o-2024-08-06")).toEqual(listPrice("openai", "gpt-4o"));
    expect(listPrice("anthropic", "claude-sonnet-4-5-20250929")).toEqual(listPrice("anthropic", "claude-sonnet-4-5"));
  });

  it("do not guess a model from its beginning", () => {
    expect(listPrice("openai", "gpt-4o-audio-preview")).toBeNull();
    expect(listPrice("openai", "toString")).toBeNull();
  });

  it("do not price what some other server calls by OpenAI's name", () => {
    expect(listPrice("openai-compatible", "gpt-4o")).toBeNull();
  });

  it("are nothing for local models", () => {
    expect(costOf(tokenUsage(1_000, 1_000), listPrice("local", "extractive"))).toEqual({ usdMicros: 0, priced: true });
  });
});
