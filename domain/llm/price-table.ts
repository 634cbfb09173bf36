import type { Price } from "./price.ts";
import type { ProviderKind } from "./provider.ts";

// The rates that providers publish, as written down on 22 November 2026 (Fable on the 29th). They change without notice, so what must
// be exact is set as the provider's own `prices`, which go before this table.
//   OpenAI     https://developers.openai.com/api/docs/pricing
//   Anthropic  https://platform.claude.com/docs/en/about-claude/pricing

/** Input, cached input, output in micro-dollars per million tokens, standard tier, short context. */
type Row = readonly [input: number, cachedInput: number, output: number];

const OPENAI: Record<string, Row> = {
  "gpt-5.5": [5_000_000, 500_000, 30_000_000],
  "gpt-5.4": [2_500_000, 250_000, 15_000_000],
  "gpt-5.4-mini": [750_000, 75_000, 4_500_000],
  "gpt-5.4-nano": [200_000, 20_000, 1_250_000],
  "gpt-5.3-codex": [1_750_000, 175_000, 14_000_000],
  "gpt-5.2": [1_750_000, 175_000, 14_000_000],
  "gpt-5.1": [1_250_000, 125_000, 10_000_000],
  "gpt-5": [1_250_000, 125_000, 10_000_000],
  "gpt-5-mini": [250_000, 25_000, 2_000_000],
  "gpt-5-nano": [50_000, 5_000, 400_000],
  "gpt-4.1": [2_000_000, 500_000, 8_000_000],
  "gpt-4.1-mini": [400_000, 100_000, 1_600_000],
  "gpt-4.1-nano": [100_000, 25_000, 400_000],
  "gpt-4o": [2_500_000, 1_250_000, 10_000_000],
  "gpt-4o-mini": [150_000, 75_000, 600_000],
  o3: [2_000_000, 500_000, 8_000_000],
  "o4-mini": [1_100_000, 275_000, 4_400_000],
  "text-embedding-3-small": [20_000, 20_000, 0],
  "text-embedding-3-large": [130_000, 130_000, 0],
  "text-embedding-ada-002": [100_000, 100_000, 0],
};

const ANTHROPIC: Record<string, Row> = {
  "claude-fable-5-1": [10_000_000, 250_000, 50_000_000],
  "claude-fable-5": [10_000_000, 1_000_000, 50_000_000],
  "claude-opus-5-5": [4_000_000, 200_000, 20_000_000],
  "claude-opus-5": [5_000_000, 500_000, 25_000_000],
  "claude-opus-4-8": [5_000_000, 500_000, 25_000_000],
  "claude-opus-4-7": [5_000_000, 500_000, 25_000_000],
  "claude-opus-4-6": [5_000_000, 500_000, 25_000_000],
  "claude-opus-4-5": [5_000_000, 500_000, 25_000_000],
  "claude-opus-4-1": [15_000_000, 1_500_000, 75_000_000],
  "claude-opus-4": [15_000_000, 1_500_000, 75_000_000],
  "claude-sonnet-5-5": [2_000_000, 100_000, 10_000_000],
  "claude-sonnet-5": [2_000_000, 200_000, 10_000_000],
  "claude-sonnet-4-6": [3_000_000, 300_000, 15_000_000],
  "claude-sonnet-4-5": [3_000_000, 300_000, 15_000_000],
  "claude-sonnet-4": [3_000_000, 300_000, 15_000_000],
  "claude-haiku-4-5": [1_000_000, 100_000, 5_000_000],
  "claude-3-5-haiku": [800_000, 80_000, 4_000_000],
};

/** The built-in price of a model, also under its dated name (`gpt-4o-2024-08-06`, `claude-sonnet-4-5-20250929`), or `null`. */
export function listPrice(kind: ProviderKind, model: string): Price | null {
  const name = model.replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, "");
  switch (kind) {
    case "openai":
      return priceOf(OPENAI, name, 0);
    case "anthropic":
      // Writing the five-minute cache costs a quarter more than reading plain input, with every Anthropic model.
      return priceOf(ANTHROPIC, name, 1.25);
    case "local":
      return { inputUsdMicrosPerMillionTokens: 0, outputUsdMicrosPerMillionTokens: 0 };
    case "openai-compatible":
    case "workers-ai":
      return null;
  }
}

function priceOf(table: Record<string, Row>, name: string, cacheWriteFactor: number): Price | null {
  const row = Object.hasOwn(table, name) ? table[name] : undefined;
  if (row === undefined) return null;
  const [input, cachedInput, output] = row;
  return {
    inputUsdMicrosPerMillionTokens: input,
    outputUsdMicrosPerMillionTokens: output,
    cachedInputUsdMicrosPerMillionTokens: cachedInput,
    ...(cacheWriteFactor > 0 && { cacheWriteUsdMicrosPerMillionTokens: input * cacheWriteFactor }),
  };
}
