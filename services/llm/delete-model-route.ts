import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { ifStill, lost, requireMatch } from "../preconditions.ts";
import { knownRoutes } from "./known-by-name.ts";
import { findRouteRow } from "./load-route.ts";
import { modelRoutes, toModelRoute } from "./table.ts";

export async function deleteModelRoute(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "settings:write");
  const before = await findRouteRow(ctx, name);
  if (before === null) throw notFound("model route");
  requireMatch(ctx, toModelRoute(before));
  const isRoute = and(eq(modelRoutes.tenantId, ctx.tenant.id), eq(modelRoutes.name, name));
  await commit(ctx, {
    change: ctx.db.delete(modelRoutes).where(and(isRoute, ifStill(ctx, eq(modelRoutes.version, before.version)))),
    audit: { action: "model-route.deleted", target: { type: "model-route", id: name } },
    conflict: lost(ctx, () => notFound("model route")),
  });
  knownRoutes.forget(ctx, name);
}
