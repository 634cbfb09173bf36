import type { Job } from "../../domain/jobs/job.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { TenantExport } from "../../domain/tenants/tenant-export.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { jobFolder } from "../jobs/job-files.ts";
import { getJob } from "../jobs/jobs.ts";
import { unfinishedTasks } from "../jobs/unfinished-tasks.ts";

const PART_DIGITS = 6;

/** Asks for a copy of all that the tenant has, secrets aside. One at a time. */
export async function startTenantExport(ctx: ServiceContext): Promise<Job> {
  requirePermission(ctx, "tenant:export");
  const open = (await unfinishedTasks(ctx, "tenant.export")).find(({ status }) => status !== "failed");
  if (open !== undefined) {
    throw problem("conflict", { detail: `An export is under way: ${open.id}.`, members: { jobId: open.id } });
  }
  const jobId = ctx.ids.next("job");
  await commit(ctx, {
    change: [],
    audit: { action: "tenant.export-asked", target: { type: "tenant", id: ctx.tenant.id }, details: { jobId } },
    tasks: [{ id: jobId, type: "tenant.export", payload: { jobId } }],
  });
  return getJob(ctx, jobId);
}

/** The export as text in pieces. That it was taken is recorded first. */
export async function openTenantExport(ctx: ServiceContext, jobId: string): Promise<AsyncIterable<string>> {
  requirePermission(ctx, "tenant:export");
  const job = await getJob(ctx, jobId);
  const result = job.type === "tenant.export" ? TenantExport.safeParse(job.result).data : undefined;
  if (result === undefined || Date.parse(result.expiresAt) <= ctx.clock.now()) throw notFound("export");
  await commit(ctx, {
    change: [],
    audit: { action: "tenant.export-downloaded", target: { type: "tenant", id: ctx.tenant.id }, details: { jobId } },
  });
  return parts(ctx, jobId, result.parts);
}

async function* parts(ctx: ServiceContext, jobId: string, count: number): AsyncIterable<string> {
  for (let part = 1; part <= count; part++) {
    const text = await ctx.ports.files.text(exportPart(ctx.tenant.id, jobId, part));
    if (text === null) throw notFound("export");
    yield text;
  }
}

export function exportPart(tenantId: string, jobId: string, part: number): string {
  return `${jobFolder(tenantId, jobId)}export/${String(part).padStart(PART_DIGITS, "0")}.jsonl`;
}
