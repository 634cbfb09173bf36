export interface Backoff {
  firstMs: number;
  factor: number;
  maxMs: number;
}

/** How long to wait before attempt `attempt` (from 1): exponential, capped, and spread over its upper half by `chance` in [0, 1). */
export function backoff(policy: Backoff, attempt: number, chance: number): number {
  const full = Math.min(policy.maxMs, policy.firstMs * policy.factor ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * chance);
}
