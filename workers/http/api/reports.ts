import { Report, ReportName, ReportQuery, reportCsv } from "../../../domain/analytics/report.ts";
import { makeReport } from "../../../services/analytics/make-report.ts";
import { download } from "../download.ts";
import { reply, routes } from "../operation.ts";

export const reports = routes();

const DESCRIBED: Record<ReportName, { id: string; summary: string }> = {
  usage: { id: "getUsageReport", summary: "What was used of each meter, day by day" },
  cost: { id: "getCostReport", summary: "What calls to models cost, by day and model" },
  models: { id: "getModelsReport", summary: "Calls, tokens, cost and cache hits, by model" },
  workflows: { id: "getWorkflowsReport", summary: "Runs, states and calls to models, by workflow" },
};

for (const report of ReportName.options) {
  reports.add(
    {
      method: "get",
      path: `/v1/reports/${report}`,
      tag: "Usage",
      ...DESCRIBED[report],
      access: "usage:read",
      query: ReportQuery,
      returns: { 200: Report },
    },
    async ({ ctx, query: { format, ...span } }) => {
      const made = await makeReport(ctx, report, span);
      return format === "json" ? reply(200, made) : download(reportCsv(made), `${report}.csv`);
    },
  );
}
