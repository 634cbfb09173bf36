import type { Breaker, Tally } from "../../domain/llm/circuit-breaker.ts";

/** What became of a target's calls: `provider/model`, as the tenant names it. */
export interface TargetTally extends Tally {
  target: string;
}

/** A breaker as its object knows it. */
export interface TargetBreaker {
  target: string;
  breaker: Breaker;
  /** Of a breaker that is not closed: how long until a call may be its probe. */
  retryAfterMs: number;
}

/** The circuit breakers of one tenant, where what all isolates saw comes together. */
export interface ProviderHealth {
  /** Takes what was seen, and tells every breaker that is not closed. */
  report(tallies: TargetTally[]): Promise<TargetBreaker[]>;
  /** Asks whether a call may go to a target whose breaker was open; one caller at a time is told that it is the probe. */
  admit(target: string): Promise<{ isAllowed: boolean; isProbe: boolean; retryAfterMs: number }>;
  /** What the probe found; `null` when it found nothing out. */
  probed(target: string, isHealthy: boolean | null): Promise<TargetBreaker[]>;
  /** Every breaker with something to tell. */
  list(): Promise<TargetBreaker[]>;
}

export interface ProviderHealths {
  of(tenantId: string): ProviderHealth;
}
