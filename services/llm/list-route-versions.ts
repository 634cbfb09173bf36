import { and, desc, eq, lt } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { ModelRouteVersion } from "../../domain/llm/model-route.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { getModelRoute } from "./get-model-route.ts";
import { type ModelRouteVersionRow, modelRouteVersions, settingsOfVersion } from "./table.ts";

/** What the route was and is, newest first. */
export async function listRouteVersions(
  ctx: ServiceContext,
  name: string,
  { limit, cursor }: PageRequest,
): Promise<Page<ModelRouteVersion>> {
  requirePermission(ctx, "llm:read");
  await getModelRoute(ctx, name);
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, 1);
  const rows = await ctx.db
    .select()
    .from(modelRouteVersions)
    .where(
      and(
        eq(modelRouteVersions.tenantId, ctx.tenant.id),
        eq(modelRouteVersions.name, name),
        before === undefined ? undefined : lt(modelRouteVersions.version, Number(before)),
      ),
    )
    .orderBy(desc(modelRouteVersions.version))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [String(row.version)], toVersion);
}

export async function getRouteVersion(ctx: ServiceContext, name: string, version: number): Promise<ModelRouteVersion> {
  requirePermission(ctx, "llm:read");
  await getModelRoute(ctx, name);
  const row = await findRouteVersion(ctx, name, version);
  if (row === null) throw notFound("model route version");
  return toVersion(row);
}

export async function findRouteVersion(
  ctx: ServiceContext,
  name: string,
  version: number,
): Promise<ModelRouteVersionRow | null> {
  const [row] = await ctx.db
    .select()
    .from(modelRouteVersions)
    .where(
      and(
        eq(modelRouteVersions.tenantId, ctx.tenant.id),
        eq(modelRouteVersions.name, name),
        eq(modelRouteVersions.version, version),
      ),
    )
    .limit(1);
  return row ?? null;
}

function toVersion(row: ModelRouteVersionRow): ModelRouteVersion {
  return {
    name: row.name,
    version: row.version,
    ...settingsOfVersion(row),
    restoredFrom: row.restoredFrom,
    createdBy: { type: row.actorType, id: row.actorId },
    createdAt: isoTime(row.createdAt),
  };
}
