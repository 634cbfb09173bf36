// What a job was asked for and what came of it, where that is too large for its row: files under the tenant, named by the job.
import type { TaskType } from "../../domain/jobs/message.ts";
import type { Json } from "../../domain/kernel/json.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";

export const TYPES_WITH_FILES: TaskType[] = ["knowledge-base.evaluate", "tenant.export"];

export function hasFiles(type: TaskType): boolean {
  return TYPES_WITH_FILES.includes(type);
}

export async function keepJobRequest(ctx: ServiceContext, jobId: string, request: unknown): Promise<void> {
  await keep(ctx, requestKey(ctx.tenant.id, jobId), request);
}

export async function findJobRequest(ctx: ServiceContext, jobId: string): Promise<Json | null> {
  return find(ctx, requestKey(ctx.tenant.id, jobId));
}

export async function keepJobResult(ctx: ServiceContext, jobId: string, result: unknown): Promise<void> {
  await keep(ctx, resultKey(ctx.tenant.id, jobId), result);
}

export async function findJobResult(ctx: ServiceContext, jobId: string): Promise<Json | null> {
  return find(ctx, resultKey(ctx.tenant.id, jobId));
}

export async function removeJobFiles(
  platform: PlatformContext,
  jobs: readonly { id: string; tenantId: string }[],
): Promise<void> {
  const { files } = platform.ports;
  for (const { id, tenantId } of jobs) await files.remove(await files.list(jobFolder(tenantId, id)));
}

/** What lies in it goes with the job. */
export function jobFolder(tenantId: string, jobId: string): string {
  return `${tenantId}/jobs/${jobId}/`;
}

function requestKey(tenantId: string, jobId: string): string {
  return `${jobFolder(tenantId, jobId)}request`;
}

function resultKey(tenantId: string, jobId: string): string {
  return `${jobFolder(tenantId, jobId)}result`;
}

async function keep(ctx: ServiceContext, key: string, value: unknown): Promise<void> {
  await ctx.ports.files.put(key, JSON.stringify(value), "application/json");
}

/** What keep() wrote is JSON. */
async function find(ctx: ServiceContext, key: string): Promise<Json | null> {
  const text = await ctx.ports.files.text(key);
  return text === null ? null : (JSON.parse(text) as Json);
}
