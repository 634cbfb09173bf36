import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../adapters/compose.ts";
import { isoTime, SECOND_MS } from "../domain/kernel/time.ts";
import { billingPeriod } from "../domain/limits/billing-period.ts";
import {
  type Crossing,
  count,
  decide,
  limitsOf,
  notFull,
  noUsage,
  type Returned,
  type Usage,
  withReturned,
} from "../domain/limits/gate.ts";
import { isRateName, type Limit, type QuotaName } from "../domain/limits/limit.ts";
import { type Policy, policyOf } from "../domain/limits/policy.ts";
import { type Bucket, bucketAt, waitMs } from "../domain/limits/token-bucket.ts";
import type { PlatformContext } from "../services/context.ts";
import type { Standing } from "../services/limits/find-standing.ts";
import type { GateReply, GateRequest, TenantGate as TenantGatePort } from "../services/limits/ports.ts";
import { tellCrossing } from "../services/limits/tell-crossing.ts";
import { Knowledge } from "./tenant-gate/knowledge.ts";

// The gate of one tenant, named by the tenant's id: where its limits are counted.
//   T1  one call is decided at a time: between reading the buckets and taking from them nothing else runs.
//   T2  what was counted is on disk within PERSIST_MS, and no call waits for the disk: a crash may give back what was taken
//       in that time. Bills are made from usage records, never from this count.
//   T3  what it knows from the database is used for KNOWN_MS, and never where the caller asks for fresh knowledge.

const PERSIST_MS = SECOND_MS;
/** A value of storage holds two megabytes; the buckets that are furthest from full are kept. */
const MAX_KEPT_BUCKETS = 5_000;

export class TenantGate extends DurableObject<Env> implements TenantGatePort {
  readonly #buckets: Map<string, Bucket>;
  #usage: Usage | null;
  #persisting: ReturnType<typeof setTimeout> | null = null;
  readonly #platform: PlatformContext;
  readonly #knowledge: Knowledge;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#platform = composePlatform(env, { waitUntil: (work) => ctx.waitUntil(work) });
    this.#knowledge = new Knowledge(this.#platform, this.#tenantId());
    this.#buckets = new Map(ctx.storage.kv.get<[string, Bucket][]>("buckets"));
    this.#usage = ctx.storage.kv.get<Usage>("usage") ?? null;
  }

  async admit(request: GateRequest): Promise<GateReply> {
    const { credential, isFresh } = request;
    const [standing, principal] = await Promise.all([
      this.#knowledge.standing(isFresh),
      credential === null ? null : this.#knowledge.principal(credential, isFresh),
    ]);
    const { isSuspended } = standing;
    if (credential !== null && principal === null) return { principal, isSuspended, decision: null };
    const { policy, period, now } = this.#rules(standing);
    const decision = decide(this.#book(standing), request, policy, period, now);
    for (const [key, bucket] of decision.buckets) this.#buckets.set(key, bucket);
    this.#persistSoon();
    this.#use(decision);
    return {
      principal,
      isSuspended,
      decision: { verdict: decision.verdict, slices: decision.slices, lent: decision.lent },
    };
  }

  async limits(principal: string, returned: Returned, isFresh: boolean): Promise<Limit[]> {
    const standing = await this.#knowledge.standing(isFresh);
    const { policy, period, now } = this.#rules(standing);
    const { buckets, usage } = withReturned(this.#book(standing), returned, period, now);
    for (const [key, bucket] of buckets) this.#buckets.set(key, bucket);
    this.#use({ usage, crossed: [] });
    return limitsOf(this.#book(standing), principal, policy, period, now).map((limit): Limit => {
      if (!isRateName(limit.name)) return { ...limit, resetsAt: isoTime(period.end) };
      const key = limit.name === "requests-per-principal" ? principal : limit.name;
      const bucket = bucketAt(this.#buckets.get(key), policy.rates[limit.name], now);
      return { ...limit, resetsAt: isoTime(now + waitMs(bucket, bucket.limit)) };
    });
  }

  async standing(isFresh: boolean): Promise<{ isSuspended: boolean; capacities: Policy["capacities"] }> {
    const standing = await this.#knowledge.standing(isFresh);
    return { isSuspended: standing.isSuspended, capacities: this.#rules(standing).policy.capacities };
  }

  async count(quota: QuotaName, amount: number): Promise<void> {
    const standing = await this.#knowledge.standing(false);
    const { policy, period } = this.#rules(standing);
    this.#use(count(this.#book(standing), quota, amount, policy, period));
  }

  #rules({ plan, overrides, periodAnchorAt }: Standing) {
    const now = this.#platform.clock.now();
    return { policy: policyOf(plan, overrides, now), period: billingPeriod(periodAnchorAt, now), now };
  }

  #book({ periodAnchorAt }: Standing) {
    this.#usage ??= noUsage(billingPeriod(periodAnchorAt, this.#platform.clock.now()));
    return { buckets: this.#buckets, usage: this.#usage };
  }

  #use({ usage, crossed }: { usage: Usage; crossed: Crossing[] }): void {
    if (usage === this.#usage) return;
    this.#usage = usage;
    this.#persistSoon();
    for (const crossing of crossed) this.#platform.later(tellCrossing(this.#platform, this.#tenantId(), crossing));
  }

  #persistSoon(): void {
    this.#persisting ??= setTimeout(() => {
      this.#persisting = null;
      const kept = notFull(this.#buckets, this.#platform.clock.now());
      this.#buckets.clear();
      for (const [key, bucket] of kept) this.#buckets.set(key, bucket);
      const emptiest = kept.sort(([, a], [, b]) => a.tokens / a.limit - b.tokens / b.limit);
      this.ctx.storage.kv.put("buckets", emptiest.slice(0, MAX_KEPT_BUCKETS));
      if (this.#usage !== null) this.ctx.storage.kv.put("usage", this.#usage);
    }, PERSIST_MS);
  }

  /** The object is always reached by name, and the name is the tenant. */
  #tenantId(): string {
    const { name } = this.ctx.id;
    if (name === undefined) throw new Error("A tenant's gate is reached by the tenant's id.");
    return name;
  }
}
