import { asProblem, problem } from "../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";
import { edgeBreakers, type Health, type Pass } from "../limits/edge-breakers.ts";
import type { Target } from "./find-target.ts";

const models = edgeBreakers(({ modelBreakers }) => modelBreakers);

/** Whether the target may be called now. */
export async function passBreaker(ctx: ServiceContext, target: Target): Promise<Pass> {
  return isGuarded(target) ? models.pass(ctx, targetName(target)) : { isAllowed: true, isProbe: false };
}

/** Takes down what a call showed of its target's health. Worth awaiting after a failure alone. */
export function tellBreaker(
  ctx: ServiceContext,
  target: Target,
  health: Health,
  isProbe: boolean,
): Promise<void> | null {
  return isGuarded(target) ? models.tell(ctx, targetName(target), health, isProbe) : null;
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
