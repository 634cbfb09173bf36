import { desc, eq } from "drizzle-orm";
import { isoTime } from "../../domain/kernel/time.ts";
import type { DriftReport } from "../../domain/llm/drift.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { driftReports } from "./table.ts";

const MAX_REPORTS = 200;

/** The last look at every model and route, the latest first. */
export async function listDriftReports(ctx: ServiceContext): Promise<(DriftReport & { at: string })[]> {
  requirePermission(ctx, "llm:read");
  const rows = await ctx.db
    .select()
    .from(driftReports)
    .where(eq(driftReports.tenantId, ctx.tenant.id))
    .orderBy(desc(driftReports.at))
    .limit(MAX_REPORTS);
  return rows.map(({ report, at }) => ({ ...report, routeVersion: report.routeVersion ?? null, at: isoTime(at) }));
}
