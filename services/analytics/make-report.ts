import { type Report, type ReportName, reportKeys, reportOf } from "../../domain/analytics/report.ts";
import { type UsageSpan, usageDaysOf } from "../../domain/analytics/usage-query.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { usageGroups } from "./measure-usage.ts";

/** What the tenant used, as a table. */
export async function makeReport(ctx: ServiceContext, report: ReportName, span: UsageSpan): Promise<Report> {
  requirePermission(ctx, "usage:read");
  const keys = reportKeys(report);
  const days = usageDaysOf(span, keys, ctx.clock.now());
  return reportOf(report, await usageGroups(ctx, keys, days), days);
}
