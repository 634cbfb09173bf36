import type { Breaker, Tally } from "../../domain/kernel/circuit-breaker.ts";
import type { GateAsk, GateDecision, Returned } from "../../domain/limits/gate.ts";
import type { Limit, QuotaName } from "../../domain/limits/limit.ts";
import type { Policy } from "../../domain/limits/policy.ts";
import type { Credential, Principal } from "../identity/principals.ts";

export interface GateRequest extends GateAsk {
  /** Whose standing is asked for, too; null when the caller has established it. */
  credential: Credential | null;
  /** What the gate knows from before is not enough: something was revoked or changed just now. */
  isFresh: boolean;
}

export interface GateReply {
  /** Null when the credential does not hold, and when none was given. */
  principal: Principal | null;
  isSuspended: boolean;
  /** Null when nothing was decided, because the credential does not hold. */
  decision: Pick<GateDecision, "verdict" | "slices" | "lent"> | null;
}

export interface TenantGate {
  admit(request: GateRequest): Promise<GateReply>;
  limits(principal: string, returned: Returned, isFresh: boolean): Promise<Limit[]>;
  /** What who joins the tenant must know: whether it may act, and how many there may be. Read anew where `isFresh`. */
  standing(isFresh: boolean): Promise<{ isSuspended: boolean; capacities: Policy["capacities"] }>;
  /** Counts what was used, or, below zero, gives back what came to nothing. */
  count(quota: QuotaName, amount: number): Promise<void>;
}

/** The single place of each tenant where its limits are counted. */
export interface TenantGates {
  /** Every call throws the problem `unavailable` when the gate does not answer. */
  of(tenantId: string): TenantGate;
}

/** What stands before authentication: a limit of one network address. */
export interface AddressShield {
  /** Null lets the call through; otherwise, how long to wait. */
  refusal(address: string, now: number): Promise<{ retryAfterMs: number } | null>;
}

/** What became of a target's calls: `provider/model` as the tenant names it, or the origin of an endpoint. */
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
export interface Breakers {
  /** Takes what was seen, and tells every breaker that is not closed. */
  report(tallies: TargetTally[]): Promise<TargetBreaker[]>;
  /** Asks whether a call may go to a target whose breaker was open; one caller at a time is told that it is the probe. */
  admit(target: string): Promise<{ isAllowed: boolean; isProbe: boolean; retryAfterMs: number }>;
  /** What the probe found; `null` when it found nothing out. */
  probed(target: string, isHealthy: boolean | null): Promise<TargetBreaker[]>;
  /** Every breaker with something to tell. */
  list(): Promise<TargetBreaker[]>;
}

export interface TenantBreakers {
  of(tenantId: string): Breakers;
}
