import { and, eq } from "drizzle-orm";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import type { NewTrigger, Trigger, TriggerPatch } from "../../domain/workflows/event-trigger.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { ifStill, lost, requireMatch } from "../preconditions.ts";
import { isTrigger, loadTrigger, type TriggerRow, toTrigger } from "./find-trigger.ts";
import { patched } from "./patched.ts";
import { requireStartTarget } from "./start-target.ts";
import { triggers } from "./table.ts";

/** A standing order to start runs: who may start them may give it. Events that were published before start nothing. */
export async function createTrigger(ctx: ServiceContext, input: NewTrigger): Promise<Trigger> {
  requirePermission(ctx, "runs:write");
  const now = ctx.clock.now();
  const id = ctx.ids.next("trg");
  const row: TriggerRow = {
    tenantId: ctx.tenant.id,
    id,
    name: input.name ?? id,
    eventType: input.eventType,
    filter: input.filter ?? null,
    workflow: input.workflow,
    version: input.version ?? null,
    alias: input.alias ?? null,
    enabled: input.enabled,
    lastEventId: null,
    lastAt: null,
    lastRunId: null,
    lastError: null,
    createdAt: now,
    updatedAt: now,
  };
  await requireStartTarget(ctx, row);
  await commit(ctx, {
    change: ctx.db.insert(triggers).values(row),
    audit: { action: "trigger.created", target: { type: "trigger", id }, details: { after: toTrigger(row) } },
    conflict: nameTaken,
  });
  return toTrigger(row);
}

export async function updateTrigger(ctx: ServiceContext, id: string, patch: TriggerPatch): Promise<Trigger> {
  requirePermission(ctx, "runs:write");
  const before = await loadTrigger(ctx, id);
  requireMatch(ctx, toTrigger(before));
  const row = patched(ctx, before, patch);
  await requireStartTarget(ctx, row);
  const { name, eventType, filter, workflow, version, alias, enabled, updatedAt } = row;
  await commit(ctx, {
    change: ctx.db
      .update(triggers)
      .set({ name, eventType, filter, workflow, version, alias, enabled, updatedAt })
      .where(and(isTrigger(ctx, id), eq(triggers.updatedAt, before.updatedAt))),
    audit: {
      action: "trigger.updated",
      target: { type: "trigger", id },
      details: { before: toTrigger(before), after: toTrigger(row) },
    },
    conflict: nameTaken,
  });
  return toTrigger(row);
}

/** Runs that it started go on; events that it has not answered yet start nothing. */
export async function deleteTrigger(ctx: ServiceContext, id: string): Promise<void> {
  requirePermission(ctx, "runs:write");
  const before = await loadTrigger(ctx, id);
  requireMatch(ctx, toTrigger(before));
  await commit(ctx, {
    change: ctx.db
      .delete(triggers)
      .where(and(isTrigger(ctx, id), ifStill(ctx, eq(triggers.updatedAt, before.updatedAt)))),
    audit: { action: "trigger.deleted", target: { type: "trigger", id } },
    conflict: lost(ctx, () => notFound("trigger")),
  });
}

function nameTaken() {
  return problem("conflict", { detail: "A trigger of this name exists, or it was changed at the same time." });
}
