import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../adapters/compose.ts";
import { putLast } from "../domain/kernel/bounded-map.ts";
import {
  admitted,
  type Breaker,
  type BreakerPolicy,
  closedBreaker,
  failureRate,
  probed,
  told,
} from "../domain/kernel/circuit-breaker.ts";
import type { TargetBreaker, TargetTally } from "../services/limits/ports.ts";

// The circuit breakers of one tenant: of its models, named by the tenant's id, or of its endpoints, `<tenant>:endpoints`.
//   P1  One message is judged at a time, so of all isolates one is given the probe.
//   P2  A change of state is on disk before the answer that tells it leaves. Counts of calls live in memory: an object that was
//       evicted counts anew, and forgets no breaker that is open.

const STATES = "breakers";
/** More than a tenant calls; the one that was heard of least lately goes. */
const MAX_BREAKERS = 500;

export class ProviderHealth extends DurableObject<Env> {
  readonly #breakers: Map<string, Breaker>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#breakers = new Map(ctx.storage.kv.get<[string, Breaker][]>(STATES));
  }

  async report(tallies: TargetTally[], policy: BreakerPolicy): Promise<TargetBreaker[]> {
    for (const { target, ...tally } of tallies) {
      this.#become(target, told(this.#of(target), tally, policy, Date.now()));
    }
    return this.#tell(policy).filter(({ breaker }) => breaker.state !== "closed");
  }

  async admit(target: string, policy: BreakerPolicy) {
    const admission = admitted(this.#of(target), policy, Date.now());
    this.#become(target, admission.breaker);
    return admission.isAllowed
      ? { isAllowed: true, isProbe: admission.isProbe, retryAfterMs: 0 }
      : { isAllowed: false, isProbe: false, retryAfterMs: admission.retryAfterMs };
  }

  async probed(target: string, isHealthy: boolean | null, policy: BreakerPolicy): Promise<TargetBreaker[]> {
    this.#become(target, probed(this.#of(target), isHealthy, Date.now()));
    return this.#tell(policy).filter(({ breaker }) => breaker.state !== "closed");
  }

  async list(policy: BreakerPolicy): Promise<TargetBreaker[]> {
    const now = Date.now();
    return this.#tell(policy).filter(
      ({ breaker }) => breaker.state !== "closed" || breaker.opens > 0 || failureRate(breaker, now).calls > 0,
    );
  }

  #of(target: string): Breaker {
    return this.#breakers.get(target) ?? closedBreaker();
  }

  #become(target: string, breaker: Breaker): void {
    const before = this.#of(target);
    putLast(this.#breakers, target, breaker, MAX_BREAKERS);
    if (before.state === breaker.state && before.openedAt === breaker.openedAt && before.probeAt === breaker.probeAt) {
      return;
    }
    const kept = [...this.#breakers].filter(([, { opens }]) => opens > 0);
    this.ctx.storage.kv.put(
      STATES,
      kept.map(([name, state]) => [name, { ...state, slots: [] }]),
    );
    if (before.state !== breaker.state) this.#log(target, breaker);
  }

  #tell(policy: BreakerPolicy): TargetBreaker[] {
    const now = Date.now();
    return [...this.#breakers].map(([target, breaker]) => {
      const admission = admitted(breaker, policy, now);
      return { target, breaker, retryAfterMs: admission.isAllowed ? 0 : admission.retryAfterMs };
    });
  }

  #log(target: string, { state, opens }: Breaker): void {
    const { log } = composePlatform(this.env, { waitUntil: (work) => this.ctx.waitUntil(work) });
    log.warn(`breaker.${state}`, { tenantId: this.ctx.id.name?.split(":")[0], target, opens });
  }
}
