import { asProblem, problem } from "../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { Tally } from "../../domain/llm/circuit-breaker.ts";
import type { Database, ServiceContext } from "../context.ts";
import type { Target } from "./find-target.ts";
import type { TargetBreaker } from "./ports.ts";

// What this isolate knows of circuit breakers, so that a call to a healthy model asks nobody.
//   E1  A target of which nothing bad is known is called without a question. What another isolate found out is known here
//       within COPY_MS of traffic.
//   E2  A failure is told before the next target is tried, with every success that was seen until then; successes alone are told
//       every COPY_MS, beside the answer.
//   E3  When the object does not answer, calls go on as if every breaker were closed.

const COPY_MS = 2 * SECOND_MS;
const MAX_TENANTS = 5_000;

export type Health = "healthy" | "sick" | "unknown";

export type Pass = { isAllowed: true; isProbe: boolean } | { isAllowed: false; retryAfterMs: number };

interface EdgeCopy {
  /** By target that is not closed: when it may be tried again. */
  openUntil: Map<string, number>;
  untold: Map<string, Tally>;
  heardAt: number;
}

const byDatabase = new WeakMap<Database, Map<string, EdgeCopy>>();

/** Whether the target may be called now. */
export async function passBreaker(ctx: ServiceContext, target: Target): Promise<Pass> {
  if (!isGuarded(target)) return { isAllowed: true, isProbe: false };
  const edge = edgeOf(ctx);
  const until = edge.openUntil.get(targetName(target));
  if (until === undefined) return { isAllowed: true, isProbe: false };
  const now = ctx.clock.now();
  if (until > now) return { isAllowed: false, retryAfterMs: until - now };
  try {
    const name = targetName(target);
    const { isAllowed, isProbe, retryAfterMs } = await ctx.ports.providerHealths.of(ctx.tenant.id).admit(name);
    if (!isAllowed) {
      edge.openUntil.set(name, now + retryAfterMs);
      return { isAllowed, retryAfterMs };
    }
    if (!isProbe) edge.openUntil.delete(name);
    return { isAllowed, isProbe };
  } catch (error) {
    ctx.log.warn("breaker.unasked", { cause: String(error) });
    return { isAllowed: true, isProbe: false };
  }
}

/** Takes down what a call showed of its target's health. Worth awaiting after a failure alone. */
export async function tellBreaker(
  ctx: ServiceContext,
  target: Target,
  health: Health,
  isProbe: boolean,
): Promise<void> {
  if (!isGuarded(target)) return;
  const edge = edgeOf(ctx);
  const name = targetName(target);
  if (isProbe) {
    await hear(ctx, edge, (object) => object.probed(name, health === "unknown" ? null : health === "healthy"));
    return;
  }
  if (health === "unknown") return;
  const tally = edge.untold.get(name) ?? { successes: 0, failures: 0 };
  if (health === "sick") tally.failures++;
  else tally.successes++;
  edge.untold.set(name, tally);
  if (health === "healthy" && ctx.clock.now() - edge.heardAt < COPY_MS) return;
  const tallies = [...edge.untold].map(([target, counts]) => ({ target, ...counts }));
  edge.untold.clear();
  await hear(ctx, edge, (object) => object.report(tallies));
}

/** What a failed call shows: an outage, its own fault, or nothing. */
export function healthOf(error: unknown, { provider }: Target): Health {
  const failure = asProblem(error);
  if (failure === null) return "unknown";
  if (failure.members.providerStatus === 429) return provider.countsRateLimits === false ? "unknown" : "sick";
  switch (failure.code) {
    case "provider-failed":
    case "provider-timeout":
    case "unavailable":
      return "sick";
    case "provider-refused":
      // A refused key is a trouble of the account: once it is mended, the next call must go through.
      return [401, 402, 403].includes(Number(failure.members.providerStatus)) ? "unknown" : "healthy";
    default:
      return "unknown";
  }
}

export function brokenCircuit(target: Target, retryAfterMs: number) {
  return problem("unavailable", {
    detail: `The model ${targetName(target)} has failed too often and is not called for now.`,
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / SECOND_MS)),
  });
}

export function targetName({ provider, model }: Target): string {
  return `${provider.name}/${model}`;
}

/** What runs inside the platform has no outage of its own. */
function isGuarded({ provider }: Target): boolean {
  return provider.kind !== "local";
}

async function hear(
  ctx: ServiceContext,
  edge: EdgeCopy,
  ask: (object: ReturnType<ServiceContext["ports"]["providerHealths"]["of"]>) => Promise<TargetBreaker[]>,
): Promise<void> {
  // Set before the answer, so that calls that end meanwhile do not ask as well.
  edge.heardAt = ctx.clock.now();
  try {
    const open = await ask(ctx.ports.providerHealths.of(ctx.tenant.id));
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
