import { actorReference } from "../../domain/kernel/actor.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { isToldLately } from "./told-lately.ts";

export interface Refused {
  method: string;
  /** The route's pattern: what was asked for by name may be anything. */
  route: string;
  permission: string | null;
}

/** Records that somebody known was refused what their role or their key's scopes do not allow. */
export async function noteRefusal(ctx: ServiceContext, refused: Refused): Promise<void> {
  const { type, id } = actorReference(ctx.actor);
  const key = `refused ${ctx.tenant.id} ${type} ${id} ${refused.method} ${refused.route}`;
  if (isToldLately(key, ctx.clock.now())) return;
  await commit(ctx, { change: [], audit: { action: "access.refused", details: { ...refused } } });
}
