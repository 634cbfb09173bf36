import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { Database, ServiceContext } from "../context.ts";
import type { Breakers, TargetBreaker, TenantBreakers } from "./ports.ts";

// What this isolate knows of circuit breakers, so that a call to what is healthy asks nobody.
//   E1  A target of which nothing bad is known is called without a question. What another isolate found out is known here
//       within COPY_MS of traffic.
//   E2  A failure is told at once, with every success that was seen until then; successes alone are told every COPY_MS, beside
//       the answer.
//   E3  When the object does not answer, calls go on as if every breaker were closed.

const COPY_MS = 2 * SECOND_MS;
const MAX_TENANTS = 5_000;

export type Health = "healthy" | "sick" | "unknown";

export type Pass = { isAllowed: true; isProbe: boolean } | { isAllowed: false; retryAfterMs: number };

export interface EdgeBreakers {
  /** Whether the target may be called now. */
  pass(ctx: ServiceContext, target: string): Promise<Pass>;
  /** Takes down what a call showed of its target's health. Worth awaiting after a failure alone; `null` where nobody is told yet. */
  tell(ctx: ServiceContext, target: string, health: Health, isProbe: boolean): Promise<void> | null;
}

interface EdgeCopy {
  /** By target that is not closed: when it may be tried again. */
  openUntil: Map<string, number>;
  untold: Map<string, { successes: number; failures: number }>;
  heardAt: number;
}

export function edgeBreakers(breakersOf: (ports: ServiceContext["ports"]) => TenantBreakers): EdgeBreakers {
  const byDatabase = new WeakMap<Database, Map<string, EdgeCopy>>();
  const objectOf = ({ ports, tenant }: ServiceContext) => breakersOf(ports).of(tenant.id);

  async function hear(
    ctx: ServiceContext,
    edge: EdgeCopy,
    ask: (object: Breakers) => Promise<TargetBreaker[]>,
  ): Promise<void> {
    // Set before the answer, so that calls that end meanwhile do not ask as well.
    edge.heardAt = ctx.clock.now();
    try {
      const open = await ask(objectOf(ctx));
      const now = ctx.clock.now();
      edge.openUntil = new Map(open.map(({ target, retryAfterMs }) => [target, now + retryAfterMs]));
    } catch (error) {
      ctx.log.warn("breaker.untold", { cause: String(error) });
    }
  }

  function edgeOf({ db, tenant }: ServiceContext): EdgeCopy {
    let edges = byDatabase.get(db);
    if (edges === undefined) {
      edges = new Map();
      byDatabase.set(db, edges);
    }
    let edge = edges.get(tenant.id);
    if (edge === undefined) {
      if (edges.size >= MAX_TENANTS) edges.clear();
      edge = { openUntil: new Map(), untold: new Map(), heardAt: 0 };
      edges.set(tenant.id, edge);
    }
    return edge;
  }

  return {
    async pass(ctx, target) {
      const edge = edgeOf(ctx);
      const until = edge.openUntil.get(target);
      if (until === undefined) return { isAllowed: true, isProbe: false };
      const now = ctx.clock.now();
      if (until > now) return { isAllowed: false, retryAfterMs: until - now };
      try {
        const { isAllowed, isProbe, retryAfterMs } = await objectOf(ctx).admit(target);
        if (!isAllowed) {
          edge.openUntil.set(target, now + retryAfterMs);
          return { isAllowed, retryAfterMs };
        }
        if (!isProbe) edge.openUntil.delete(target);
        return { isAllowed, isProbe };
      } catch (error) {
        ctx.log.warn("breaker.unasked", { cause: String(error) });
        return { isAllowed: true, isProbe: false };
      }
    },

    tell(ctx, target, health, isProbe) {
      const edge = edgeOf(ctx);
      if (isProbe) {
        return hear(ctx, edge, (object) => object.probed(target, health === "unknown" ? null : health === "healthy"));
      }
      if (health === "unknown") return null;
      const tally = edge.untold.get(target) ?? { successes: 0, failures: 0 };
      if (health === "sick") tally.failures++;
      else tally.successes++;
      edge.untold.set(target, tally);
      if (health === "healthy" && ctx.clock.now() - edge.heardAt < COPY_MS) return null;
      const tallies = [...edge.untold].map(([name, counts]) => ({ target: name, ...counts }));
      edge.untold.clear();
      return hear(ctx, edge, (object) => object.report(tallies));
    },
  };
}
