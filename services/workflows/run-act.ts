import type { ServiceContext } from "../context.ts";
import type { RunAct } from "./ports.ts";

/** Who asks this of a run. It travels with the command, is kept in the run's commit and becomes an audit entry by projection. */
export function actOf(ctx: ServiceContext, action: string): RunAct {
  return {
    action,
    actor: ctx.actor,
    requestId: ctx.requestId,
    ip: ctx.client.ip,
    userAgent: ctx.client.userAgent,
  };
}
