import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { knownRoutes } from "./known-by-name.ts";
import { modelRoutes } from "./table.ts";

export async function deleteModelRoute(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "settings:write");
  await commit(ctx, {
    change: ctx.db.delete(modelRoutes).where(and(eq(modelRoutes.tenantId, ctx.tenant.id), eq(modelRoutes.name, name))),
    audit: { action: "model-route.deleted", target: { type: "model-route", id: name } },
    conflict: () => notFound("model route"),
  });
  knownRoutes.forget(ctx, name);
}
