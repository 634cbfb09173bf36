import { and, eq, isNull } from "drizzle-orm";
import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { actOf } from "./run-act.ts";
import { runs, schedules } from "./table.ts";

// Empties the objects of a tenant's schedules and runs. What is done is no longer found, so a call goes on where the last broke off.

const PAGE = 500;
/** Each run is a call to its object; an invocation has six connections. */
const CONCURRENCY = 6;

/** An object whose schedule is gone leaves nothing behind. */
export async function eraseSchedules(ctx: ServiceContext): Promise<void> {
  for (;;) {
    const isTheirs = eq(schedules.tenantId, ctx.tenant.id);
    const rows = await ctx.db.select({ id: schedules.id }).from(schedules).where(isTheirs).limit(PAGE);
    if (rows.length === 0) return;
    for (const { id } of rows) {
      await ctx.db.delete(schedules).where(and(isTheirs, eq(schedules.id, id)));
      await ctx.ports.scheduleActors.of(ctx.tenant.id, id).wake();
    }
  }
}

/**
 * Stops what goes on and moves every run to the archive, whose files go with the tenant's. Throws `unavailable` while runs cannot
 * leave their objects, because somebody has not heard of their end.
 */
export async function eraseRuns(ctx: ServiceContext): Promise<void> {
  await stopRuns(ctx);
  const staying = new Set<string>();
  for (;;) {
    const rows = await ctx.db
      .select({ id: runs.id, archivedAt: runs.archivedAt })
      .from(runs)
      .where(eq(runs.tenantId, ctx.tenant.id))
      .orderBy(runs.id)
      .limit(PAGE + staying.size);
    const left = rows.filter(({ id }) => !staying.has(id));
    if (left.length === 0) break;
    await inLanes(left, async ({ id, archivedAt }) => {
      if (archivedAt === null && !(await ctx.ports.runActors.of(ctx.tenant.id, id).archive())) staying.add(id);
      else await ctx.db.delete(runs).where(and(eq(runs.tenantId, ctx.tenant.id), eq(runs.id, id)));
    });
  }
  if (staying.size > 0) throw problem("unavailable", { detail: `${staying.size} runs have not ended yet.` });
}

export async function stopRuns(ctx: ServiceContext): Promise<void> {
  const goesOn = and(eq(runs.tenantId, ctx.tenant.id), isNull(runs.stoppedAt));
  const rows = await ctx.db.select({ id: runs.id }).from(runs).where(goesOn);
  await inLanes(rows, async ({ id }) => {
    const stop = { kind: "stop", cause: "The tenant was deleted." } as const;
    try {
      await ctx.ports.runActors.of(ctx.tenant.id, id).command(stop, actOf(ctx, "run.stopped"));
    } catch (error) {
      // One that ended meanwhile needs no stop.
      if (asProblem(error)?.code !== "run-status") throw error;
    }
  });
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, lane));
}
