import * as z from "zod";
import { Job } from "../../../domain/jobs/job.ts";
import { openTenantExport, startTenantExport } from "../../../services/tenant-data/exports.ts";
import { download } from "../download.ts";
import { reply, routes } from "../operation.ts";

export const tenantExports = routes();
const tag = "Tenants";

tenantExports.add(
  {
    method: "post",
    path: "/v1/tenant/export",
    id: "exportTenant",
    tag,
    summary: "Copy everything the tenant has: a job whose result tells where it is downloaded for seven days",
    access: "tenant:export",
    returns: { 202: Job },
    problems: ["conflict"],
  },
  async ({ ctx }) => reply(202, await startTenantExport(ctx)),
);

tenantExports.add(
  {
    method: "get",
    path: "/v1/tenant/exports/{id}",
    id: "downloadTenantExport",
    tag,
    summary: "The export that a job has made, as JSON Lines",
    access: "tenant:export",
    params: z.object({ id: z.string() }),
    returns: { 200: null },
  },
  async ({ ctx, params: { id } }) => download(await openTenantExport(ctx, id), `tenant-${id}.jsonl`),
);
