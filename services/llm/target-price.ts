import type { Price } from "../../domain/llm/price.ts";
import { listPrice } from "../../domain/llm/price-table.ts";
import type { Target } from "./find-target.ts";

/** The provider's own price for the model, or the list's; `null` when neither is known. */
export function priceOf({ provider, model }: Target): Price | null {
  const own = Object.hasOwn(provider.prices, model) ? provider.prices[model] : undefined;
  return own ?? listPrice(provider.kind, model);
}
