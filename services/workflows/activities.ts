import { and, asc, count, eq, gt } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { type Activity, MAX_ACTIVITIES } from "../../domain/workflows/activity.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { activities } from "./table.ts";

/** Makes the activity. One that is there already is answered as it is. */
export async function createActivity(
  ctx: ServiceContext,
  name: string,
  tags: Record<string, string>,
): Promise<Activity> {
  requirePermission(ctx, "workflows:write");
  const known = await findActivity(ctx, name);
  if (known !== null) return known;
  await requireRoom(ctx);
  const row = { tenantId: ctx.tenant.id, name, tags, createdAt: ctx.clock.now() };
  try {
    await commit(ctx, {
      change: ctx.db.insert(activities).values(row),
      audit: { action: "activity.created", target: { type: "activity", id: name }, details: { tags } },
    });
  } catch (error) {
    // Somebody else made it in the same moment.
    const other = await findActivity(ctx, name);
    if (other === null) throw error;
    return other;
  }
  return toActivity(row);
}

async function requireRoom(ctx: ServiceContext): Promise<void> {
  const [row] = await ctx.db.select({ used: count() }).from(activities).where(eq(activities.tenantId, ctx.tenant.id));
  const used = row?.used ?? 0;
  if (used < MAX_ACTIVITIES) return;
  throw problem("quota-exceeded", {
    detail: `A tenant has at most ${MAX_ACTIVITIES} activities.`,
    members: { quota: "activities", limit: MAX_ACTIVITIES, used },
  });
}

/** Tasks that wait for a worker wait on until they time out. */
export async function deleteActivity(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "workflows:write");
  await commit(ctx, {
    change: ctx.db.delete(activities).where(isActivity(ctx, name)),
    audit: { action: "activity.deleted", target: { type: "activity", id: name } },
    conflict: () => notFound("activity"),
  });
  await ctx.ports.activityQueues.of(ctx.tenant.id, name).clear();
}

export async function getActivity(ctx: ServiceContext, name: string): Promise<Activity> {
  requirePermission(ctx, "workflows:read");
  const found = await findActivity(ctx, name);
  if (found === null) throw notFound("activity");
  return found;
}

/** The tenant's activities, by name. */
export async function listActivities(ctx: ServiceContext, page: PageRequest): Promise<Page<Activity>> {
  requirePermission(ctx, "workflows:read");
  const [after = ""] = page.cursor === undefined ? [] : decodeCursor(page.cursor, 1);
  const rows = await ctx.db
    .select()
    .from(activities)
    .where(and(eq(activities.tenantId, ctx.tenant.id), gt(activities.name, after)))
    .orderBy(asc(activities.name))
    .limit(page.limit + 1);
  return pageOf(rows, page.limit, (row) => [row.name], toActivity);
}

/** Adds tags, or removes those that are null. */
export async function changeActivityTags(
  ctx: ServiceContext,
  name: string,
  changes: Record<string, string | null>,
): Promise<void> {
  requirePermission(ctx, "workflows:write");
  const { tags } = await getActivity(ctx, name);
  const merged = Object.entries({ ...tags, ...changes }).filter((tag): tag is [string, string] => tag[1] !== null);
  await commit(ctx, {
    change: ctx.db
      .update(activities)
      .set({ tags: Object.fromEntries(merged) })
      .where(isActivity(ctx, name)),
    audit: { action: "activity.tagged", target: { type: "activity", id: name }, details: { changes } },
    conflict: () => notFound("activity"),
  });
}

export async function findActivity(ctx: ServiceContext, name: string): Promise<Activity | null> {
  const [row] = await ctx.db.select().from(activities).where(isActivity(ctx, name)).limit(1);
  return row === undefined ? null : toActivity(row);
}

/** An object whose activity is gone leaves nothing behind. What is done is no longer found, so a call goes on where the last broke off. */
export async function eraseActivities(ctx: ServiceContext): Promise<void> {
  const isTheirs = eq(activities.tenantId, ctx.tenant.id);
  for (;;) {
    const rows = await ctx.db.select({ name: activities.name }).from(activities).where(isTheirs).limit(PAGE);
    if (rows.length === 0) return;
    for (const { name } of rows) {
      await ctx.ports.activityQueues.of(ctx.tenant.id, name).clear();
      await ctx.db.delete(activities).where(and(isTheirs, eq(activities.name, name)));
    }
  }
}

const PAGE = 500;

function isActivity(ctx: ServiceContext, name: string) {
  return and(eq(activities.tenantId, ctx.tenant.id), eq(activities.name, name));
}

function toActivity({ name, tags, createdAt }: typeof activities.$inferSelect): Activity {
  return { name, tags, createdAt: isoTime(createdAt) };
}
