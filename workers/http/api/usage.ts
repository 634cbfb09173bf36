import { Usage } from "../../../domain/analytics/usage.ts";
import { UsageQuery } from "../../../domain/analytics/usage-query.ts";
import { measureUsage } from "../../../services/analytics/measure-usage.ts";
import { reply, routes } from "../operation.ts";

export const usage = routes();

usage.add(
  {
    method: "get",
    path: "/v1/usage",
    id: "getUsage",
    tag: "Usage",
    summary: "What was used and what it cost, in whole days (UTC); this month where no time is given",
    access: "usage:read",
    query: UsageQuery,
    returns: { 200: Usage },
  },
  async ({ ctx, query }) => reply(200, await measureUsage(ctx, query)),
);
