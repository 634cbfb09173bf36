import type { GateAsk, GateDecision, Returned } from "../../domain/limits/gate.ts";
import type { Limit, QuotaName } from "../../domain/limits/limit.ts";
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
  decision: Pick<GateDecision, "verdict" | "slices"> | null;
}

export interface TenantGate {
  admit(request: GateRequest): Promise<GateReply>;
  limits(principal: string, returned: Returned, isFresh: boolean): Promise<Limit[]>;
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
