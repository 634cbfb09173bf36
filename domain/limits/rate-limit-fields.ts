import type { RateLimit } from "./token-bucket.ts";

/** How one limit stands, as a client is told. */
export interface RateState extends RateLimit {
  name: string;
  remaining: number;
  /** Until there is more of it. */
  moreInMs: number;
}

/**
 * The fields RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-10: lists (RFC 9651) of string items with
 * integer parameters. The draft still moves, so all of its form is here.
 */
export function rateLimitFields(states: readonly RateState[]): { "ratelimit-policy": string; ratelimit: string } {
  return {
    "ratelimit-policy": states
      .map(({ name, limit, windowSeconds }) => `"${name}";q=${limit};w=${windowSeconds}`)
      .join(", "),
    ratelimit: states.map((state) => `"${state.name}";r=${told(state)};t=${seconds(state.moreInMs)}`).join(", "),
  };
}

/** Never more than the quota: what an isolate has leased stands beside a bucket that has filled up again since. */
function told({ limit, remaining }: RateState): number {
  return Math.min(limit, Math.max(0, remaining));
}

/** Whole seconds, rounded up: a client that waits this long finds what it waits for. */
export function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
