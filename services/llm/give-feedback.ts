import { actorReference } from "../../domain/kernel/actor.ts";
import { idOf } from "../../domain/kernel/id.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { Feedback, GiveFeedback } from "../../domain/llm/feedback.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { feedback } from "./table.ts";

/** Notes what the actor thinks of an answer; a second opinion of the same actor replaces the first. */
export async function giveFeedback(ctx: ServiceContext, input: GiveFeedback): Promise<Feedback> {
  requirePermission(ctx, "llm:write");
  const { type, id: actorId } = actorReference(ctx.actor);
  const { target, rating } = input;
  const comment = input.comment ?? null;
  const id = idOf("fbk", [ctx.tenant.id, target, type, actorId].join("\n"));
  const createdAt = ctx.clock.now();
  const row = { id, tenantId: ctx.tenant.id, target, rating, comment, actorType: type, actorId, createdAt };
  await commit(ctx, {
    change: ctx.db
      .insert(feedback)
      .values(row)
      .onConflictDoUpdate({ target: feedback.id, set: { rating, comment, createdAt } }),
    audit: { action: "feedback.given", target: { type: "feedback", id }, details: { target, rating } },
  });
  return { id, target, rating, comment, createdAt: isoTime(createdAt) };
}
