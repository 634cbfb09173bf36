import { and, eq, max } from "drizzle-orm";
import { actorReference } from "../../domain/kernel/actor.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { ROUTE_BUDGET } from "../../domain/llm/budget.ts";
import { isSameRoute, type ModelRoute, type RouteSettings } from "../../domain/llm/model-route.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { lost, requireMatch } from "../preconditions.ts";
import { knownRoutes } from "./known-by-name.ts";
import { type ModelRouteRow, modelRoutes, modelRouteVersions, toModelRoute, toRouteSettings } from "./table.ts";

// How a route changes.
//   V1  Each change is a new version, which never changes again; what changes nothing makes none.
//   V2  Numbers are given once: a route that is made anew after its deletion goes on counting.
//   V3  Of two changes at the same moment one is a `conflict`.

export interface WrittenRoute {
  route: ModelRoute;
  isNew: boolean;
}

/** `restoredFrom` is the version that a rollback brings back. */
export async function writeRouteVersion(
  ctx: ServiceContext,
  name: string,
  settings: RouteSettings,
  restoredFrom: number | null = null,
): Promise<WrittenRoute> {
  const { before, lastVersion } = await historyOf(ctx, name);
  requireMatch(ctx, before === null ? null : toModelRoute(before));
  if (before !== null && isSameRoute(settings, toRouteSettings(before))) {
    return { route: toModelRoute(before), isNew: false };
  }
  const now = ctx.clock.now();
  const tenantId = ctx.tenant.id;
  if (settings.budget !== null && !before?.budget) {
    await ctx.ports.spendLedgers.of(tenantId).forget(`${ROUTE_BUDGET}${name}`);
  }
  const version = lastVersion + 1;
  const row: ModelRouteRow = {
    tenantId,
    name,
    ...settings,
    version,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
  const { type: actorType, id: actorId } = actorReference(ctx.actor);
  const route = toModelRoute(row);
  await commit(ctx, {
    change: [
      before === null ? ctx.db.insert(modelRoutes).values(row) : replaced(ctx, row, before.version),
      ctx.db
        .insert(modelRouteVersions)
        .values({ tenantId, name, version, settings, restoredFrom, actorType, actorId, createdAt: now }),
    ],
    audit: {
      action: actionOf(before, restoredFrom),
      target: { type: "model-route", id: name },
      details: {
        ...(before !== null && { before: toModelRoute(before) }),
        after: route,
        ...(restoredFrom !== null && { restoredFrom }),
      },
    },
    conflict: lost(ctx, () => problem("conflict")),
  });
  knownRoutes.forget(ctx, name);
  return { route, isNew: before === null };
}

async function historyOf(
  { db, tenant }: ServiceContext,
  name: string,
): Promise<{ before: ModelRouteRow | null; lastVersion: number }> {
  const [rows, numbers] = await db.batch([
    db
      .select()
      .from(modelRoutes)
      .where(and(eq(modelRoutes.tenantId, tenant.id), eq(modelRoutes.name, name))),
    db
      .select({ last: max(modelRouteVersions.version) })
      .from(modelRouteVersions)
      .where(and(eq(modelRouteVersions.tenantId, tenant.id), eq(modelRouteVersions.name, name))),
  ]);
  return { before: rows[0] ?? null, lastVersion: numbers[0]?.last ?? 0 };
}

function replaced({ db }: ServiceContext, row: ModelRouteRow, from: number) {
  const { tenantId, name, createdAt: _, ...changes } = row;
  return db
    .update(modelRoutes)
    .set(changes)
    .where(and(eq(modelRoutes.tenantId, tenantId), eq(modelRoutes.name, name), eq(modelRoutes.version, from)));
}

function actionOf(before: ModelRouteRow | null, restoredFrom: number | null): string {
  if (restoredFrom !== null) return "model-route.rolled-back";
  return before === null ? "model-route.created" : "model-route.updated";
}
