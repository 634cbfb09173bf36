import * as z from "zod";
import { promptParts, type TokenUsage, writtenTokens } from "./token-usage.ts";

/** Millionths of a US dollar for a million tokens; so a price in dollars per million tokens times 1,000,000. */
const Rate = z.int().min(0).max(10_000_000_000);

export const Price = z
  .strictObject({
    inputUsdMicrosPerMillionTokens: Rate,
    outputUsdMicrosPerMillionTokens: Rate,
    cachedInputUsdMicrosPerMillionTokens: Rate.optional(),
    cacheWriteUsdMicrosPerMillionTokens: Rate.optional(),
  })
  .meta({
    id: "ModelPrice",
    example: { inputUsdMicrosPerMillionTokens: 2_000_000, outputUsdMicrosPerMillionTokens: 8_000_000 },
  });
export type Price = z.infer<typeof Price>;

export interface Cost {
  usdMicros: number;
  /** False where the model's price is not known: such a call costs 0 and says so. */
  priced: boolean;
}

/** What the tokens cost, in whole micro-dollars: rates times counts are added as integers and rounded once, half up. */
export function costOf(usage: TokenUsage, price: Price | null): Cost {
  if (price === null) return { usdMicros: 0, priced: false };
  const { plain, cached, cacheWrite } = promptParts(usage);
  const input = price.inputUsdMicrosPerMillionTokens;
  const sum =
    BigInt(plain) * BigInt(input) +
    BigInt(cached) * BigInt(price.cachedInputUsdMicrosPerMillionTokens ?? input) +
    BigInt(cacheWrite) * BigInt(price.cacheWriteUsdMicrosPerMillionTokens ?? input) +
    BigInt(writtenTokens(usage)) * BigInt(price.outputUsdMicrosPerMillionTokens);
  return { usdMicros: Number((sum + 500_000n) / 1_000_000n), priced: true };
}
