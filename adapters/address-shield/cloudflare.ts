import { MINUTE_MS } from "../../domain/kernel/time.ts";
import type { AddressShield } from "../../services/limits/ports.ts";

/** The network's own limiter: fixed in wrangler.toml, counted in each of its locations, and down with nothing of ours. */
export function cloudflareShield(limiter: RateLimit): AddressShield {
  return {
    async refusal(address) {
      const { success } = await limiter.limit({ key: address });
      return success ? null : { retryAfterMs: MINUTE_MS };
    },
  };
}
