import { and, asc, eq, gt } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import type { ModelRoute } from "../../domain/llm/model-route.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { modelRoutes, toModelRoute } from "./table.ts";

/** The tenant's model routes, by name. */
export async function listModelRoutes(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<ModelRoute>> {
  requirePermission(ctx, "llm:read");
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, 1);
  const rows = await ctx.db
    .select()
    .from(modelRoutes)
    .where(and(eq(modelRoutes.tenantId, ctx.tenant.id), after === undefined ? undefined : gt(modelRoutes.name, after)))
    .orderBy(asc(modelRoutes.name))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [row.name], toModelRoute);
}
