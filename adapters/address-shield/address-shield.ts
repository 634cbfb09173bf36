import { addressBlock, isLoopback } from "../../domain/kernel/address.ts";
import type { AddressShield } from "../../services/limits/ports.ts";
import { cloudflareShield } from "./cloudflare.ts";
import { inMemoryShield } from "./in-memory.ts";

// Callers of this machine, and those whom the network gave no address, share one bucket. More than one process can answer.
const LOCAL = "local";
const LOCAL_PER_MINUTE = 1_000_000;

/** `perMinute`, where it is set, stands for the network's fixed limit and holds for everybody. */
export function addressShield(options: { perMinute: number | null; limiter: RateLimit }): AddressShield {
  const own = inMemoryShield(options.perMinute ?? LOCAL_PER_MINUTE);
  const network = options.perMinute === null ? cloudflareShield(options.limiter) : own;
  return {
    refusal(address, now) {
      if (address === "" || isLoopback(address)) return own.refusal(LOCAL, now);
      return network.refusal(addressBlock(address), now);
    },
  };
}
