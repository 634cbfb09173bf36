import type { ChainEntry } from "../../domain/audit/chain.ts";
import { type Actor, actorReference } from "../../domain/kernel/actor.ts";
import type { PlatformContext } from "../context.ts";
import { personalColumns } from "../personal.ts";

/** An act that was kept elsewhere before it is told to the log. */
export interface ToldAct extends Omit<ChainEntry, "actorType" | "actorId" | "targetType" | "targetId" | "personal"> {
  actor: Actor;
  target: { type: string; id: string };
}

/** The entry of it: what it tells about a person is sealed. */
export async function toldEntry(platform: PlatformContext, told: ToldAct): Promise<ChainEntry> {
  const { actor, target, ip, userAgent, ...plain } = told;
  const { type: actorType, id: actorId } = actorReference(actor);
  const whose = { tenantId: told.tenantId, actor, target };
  const { details: _, ...columns } = await personalColumns(platform, whose, { ip, userAgent, details: null });
  return { ...plain, actorType, actorId, targetType: target.type, targetId: target.id, ...columns };
}
