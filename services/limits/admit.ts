import { type Problem, problem } from "../../domain/kernel/problem.ts";
import { type Endpoint, failsOpen, isOpenWhileSuspended } from "../../domain/limits/endpoint.ts";
import { type Verdict, wantedBuckets } from "../../domain/limits/gate.ts";
import {
  ended,
  knownRefusal,
  LEASE_MS,
  type Lease,
  noteCounted,
  question,
  receive,
  shouldRenew,
  spend,
} from "../../domain/limits/lease.ts";
import type { QuotaName } from "../../domain/limits/limit.ts";
import { type RateState, seconds } from "../../domain/limits/rate-limit-fields.ts";
import type { PlatformContext } from "../context.ts";
import { findPrincipal, identify } from "../identity/credential.ts";
import {
  type Credential,
  isOver,
  type Principal,
  principalOf,
  rememberedPrincipal,
  rememberPrincipal,
  revocationCount,
} from "../identity/principals.ts";
import { isSuspended } from "./is-suspended.ts";
import { leaseOf, needsFresh } from "./leases.ts";
import type { GateReply } from "./ports.ts";
import { principalName } from "./principal-name.ts";

// Lets a call in: who it is, whether the tenant may act, and whether its limits allow one more.
//   A1  a call that the isolate's lease covers asks nobody; any other asks the tenant's gate, once.
//   A2  who was revoked, suspended or limited is so everywhere within LEASE_MS + KNOWN_MS = 3 s, and here at once.
//   A3  without the gate, reads and writes go on by the database alone; what signs in or costs money is refused.

export interface Admission {
  principal: Principal;
  /** How the limits stand that the call was counted against. */
  rates: RateState[];
  /** Why the call may not go on, though the caller is known. */
  refusal: Problem | null;
  /** Gives a counted unit back, when the call came to nothing. */
  refund: (() => void) | null;
}

interface Caller {
  key: string;
  tenantId: string;
  principal: string;
  credential: Credential | null;
}

/** The caller behind a bearer token; null when there is none. */
export async function admitBearer(
  platform: PlatformContext,
  token: string,
  endpoint: Endpoint,
): Promise<Admission | null> {
  const caller = await identify(platform, token);
  return caller === null
    ? null
    : admit(platform, caller, endpoint, rememberedPrincipal(caller.key, platform.clock.now()));
}

/** A caller whose credential was checked in another way: the limits alone are asked. */
export async function admitPrincipal(
  platform: PlatformContext,
  principal: Principal,
  endpoint: Endpoint,
): Promise<Admission | null> {
  const name = principalName(principal.actor);
  const caller = { key: name, tenantId: principal.tenantId, principal: name, credential: null };
  return admit(platform, caller, endpoint, null, principal);
}

async function admit(
  platform: PlatformContext,
  caller: Caller,
  endpoint: Endpoint,
  remembered: Principal | null,
  established: Principal | null = null,
): Promise<Admission | null> {
  const now = platform.clock.now();
  const isFresh = needsFresh(now);
  const lease = leaseOf(caller.tenantId);
  const principal = remembered ?? established;
  if (principal !== null) {
    const known = fromLease(platform, caller, endpoint, lease, principal, now);
    if (known !== null) return known;
  }
  let reply: GateReply;
  try {
    reply = await ask(platform, caller, endpoint, lease, isFresh, 1);
  } catch (error) {
    return withoutGate(platform, caller, endpoint, established, error);
  }
  const admitted = established ?? reply.principal;
  if (admitted === null || reply.decision === null || isOver(admitted, platform.clock.now())) return null;
  const { verdict, slices } = reply.decision;
  // Another question may have brought tokens while this one found the gate's empty.
  const isEmpty = !verdict.allowed && verdict.cause === "rate";
  const quota = countedQuota(endpoint);
  const late = isEmpty ? spend(lease, wanted(caller, endpoint), quota, platform.clock.now()) : null;
  const refusal =
    standingRefusal(admitted, endpoint, reply.isSuspended) ?? (late === null ? limitRefusal(platform, verdict) : null);
  const isCounted = verdict.allowed || late !== null;
  const rates =
    late ?? slices.map(({ granted, bucket: _, ...state }) => ({ ...state, remaining: state.remaining + granted }));
  // The policy that a refusal names is among those that are told.
  if (!verdict.allowed && verdict.cause === "quota") rates.push(verdict.quota);
  return { principal: admitted, rates, refusal, refund: isCounted ? refundOf(platform, caller, quota) : null };
}

/** The quota that a call counts against before it is made. */
function countedQuota({ quota }: Endpoint): QuotaName | null {
  return quota === null || quota.cost === 0 ? null : quota.name;
}

function refundOf(platform: PlatformContext, { tenantId }: Caller, quota: QuotaName | null): Admission["refund"] {
  return quota === null ? null : () => platform.later(platform.ports.tenantGates.of(tenantId).count(quota, -1));
}

function fromLease(
  platform: PlatformContext,
  caller: Caller,
  endpoint: Endpoint,
  lease: Lease,
  principal: Principal,
  now: number,
): Admission | null {
  const refusal = standingRefusal(principal, endpoint, lease.isSuspended);
  const buckets = wanted(caller, endpoint);
  const quota = countedQuota(endpoint);
  const rates = spend(lease, buckets, quota, now);
  if (rates !== null) {
    if (shouldRenew(lease, buckets, quota, now)) {
      platform.later(ask(platform, caller, endpoint, lease, needsFresh(now), 0));
    }
    return { principal, rates, refusal, refund: refundOf(platform, caller, quota) };
  }
  const refused = knownRefusal(lease, buckets, now);
  if (refused === null) return null;
  return {
    principal,
    rates: refused.states,
    refusal: refusal ?? limitRefusal(platform, refused.verdict),
    refund: null,
  };
}

/** Asks the gate, and keeps what it leases. */
async function ask(
  platform: PlatformContext,
  caller: Caller,
  endpoint: Endpoint,
  lease: Lease,
  isFresh: boolean,
  cost: 0 | 1,
): Promise<GateReply> {
  const at = platform.clock.now();
  const revocationsBefore = revocationCount();
  const { spare, spareQuota, returned } = question(lease, at);
  if (cost > 0 && countedQuota(endpoint) !== null) noteCounted(lease, at);
  const { principal, credential, tenantId } = caller;
  const request = { principal, endpoint, cost, spare, spareQuota, returned, credential, isFresh };
  const reply = await platform.ports.tenantGates.of(tenantId).admit(request);
  if (reply.decision !== null) receive(lease, reply.decision, { at, spare });
  if (reply.decision?.lent) platform.later(giveBackEnded(platform, caller, endpoint, lease));
  lease.isSuspended = reply.isSuspended;
  if (reply.principal !== null) rememberPrincipal(caller.key, reply.principal, at + LEASE_MS, revocationsBefore);
  return reply;
}

/** Whatever becomes of the isolate's lease meanwhile: what is left of a quota must not stay counted. */
async function giveBackEnded(
  platform: PlatformContext,
  { tenantId, principal }: Caller,
  endpoint: Endpoint,
  lease: Lease,
): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
  const returned = ended(lease, platform.clock.now());
  if (Object.keys(returned).length === 0) return;
  const nothing = { cost: 0, spare: 0, spareQuota: 0 } as const;
  await platform.ports.tenantGates
    .of(tenantId)
    .admit({ principal, endpoint, ...nothing, returned, credential: null, isFresh: false });
}

async function withoutGate(
  platform: PlatformContext,
  { key, tenantId, credential }: Caller,
  endpoint: Endpoint,
  established: Principal | null,
  error: unknown,
): Promise<Admission | null> {
  platform.log.error("gate.unavailable", error, { tenantId, endpoint: endpoint.class });
  if (!failsOpen(endpoint.class) || endpoint.quota !== null) {
    throw problem("unavailable", { detail: "Limits cannot be checked right now.", retryAfterSeconds: 1, cause: error });
  }
  const principal =
    credential === null
      ? established
      : await principalOf(key, platform.clock.now(), () => findPrincipal(platform, tenantId, credential));
  if (principal === null) return null;
  const refusal = standingRefusal(principal, endpoint, await isSuspended(platform, tenantId));
  return { principal, rates: [], refusal, refund: null };
}

function wanted({ principal }: Caller, endpoint: Endpoint) {
  return wantedBuckets(principal, endpoint.class);
}

/** Of a suspended tenant the people may still look and leave; its keys stop. */
function standingRefusal({ actor }: Principal, endpoint: Endpoint, suspended: boolean): Problem | null {
  if (!suspended || (actor.kind !== "api-key" && isOpenWhileSuspended(endpoint.class))) return null;
  return problem("tenant-suspended", { detail: "The tenant may read and export, and change nothing." });
}

function limitRefusal(platform: PlatformContext, verdict: Verdict): Problem | null {
  if (verdict.allowed) return null;
  const { cause, violated, retryAfterMs } = verdict;
  const retryAfterSeconds = seconds(retryAfterMs);
  const members = { "violated-policies": violated };
  if (cause === "rate") return problem("rate-limited", { retryAfterSeconds, members });
  return problem("quota-exceeded", {
    detail: `The quota of ${violated.join(", ")} is used up until the billing period ends.`,
    retryAfterSeconds,
    members: { ...members, upgradeUrl: `${platform.settings.publicUrl}/billing` },
  });
}
