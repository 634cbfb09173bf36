import { and, desc, eq, inArray, lt, or } from "drizzle-orm";
import * as z from "zod";
import type { Job } from "../../domain/jobs/job.ts";
import { Task, TaskStatus } from "../../domain/jobs/message.ts";
import { isId } from "../../domain/kernel/id.ts";
import { isJsonObject, type Json, type JsonObject } from "../../domain/kernel/json.ts";
import type { Page } from "../../domain/kernel/page.ts";
import { decodeCursor, PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { commit, ring } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { findJobResult, hasFiles } from "./job-files.ts";
import type { TaskRow } from "./stored-tasks.ts";
import { tasks } from "./table.ts";

export const ListJobs = z.strictObject({
  ...PageRequest.shape,
  status: TaskStatus.optional(),
  type: z.string().optional(),
});
export type ListJobs = z.infer<typeof ListJobs>;

/** Jobs, newest first. */
export async function listJobs(ctx: ServiceContext, query: ListJobs): Promise<Page<Job>> {
  requirePermission(ctx, "jobs:read");
  const [createdAt, id] = query.cursor === undefined ? [] : decodeCursor(query.cursor, 2);
  const before = Number(createdAt);
  const rows = await ctx.db
    .select()
    .from(tasks)
    .where(
      and(
        eq(tasks.tenantId, ctx.tenant.id),
        query.status === undefined ? undefined : eq(tasks.status, query.status),
        query.type === undefined ? undefined : eq(tasks.type, query.type as TaskRow["type"]),
        id === undefined
          ? undefined
          : or(lt(tasks.createdAt, before), and(eq(tasks.createdAt, before), lt(tasks.id, id))),
      ),
    )
    .orderBy(desc(tasks.createdAt), desc(tasks.id))
    .limit(query.limit + 1);
  return pageOf(rows, query.limit, (row) => [String(row.createdAt), row.id], toJob);
}

export async function getJob(ctx: ServiceContext, id: string): Promise<Job> {
  requirePermission(ctx, "jobs:read");
  const row = await loadTask(ctx, id);
  const result = row.status === "succeeded" && hasFiles(row.type) ? await findJobResult(ctx, id) : null;
  return { ...toJob(row), ...(result !== null && { result }) };
}

/** Runs a failed job again from its first attempt. */
export async function retryJob(ctx: ServiceContext, id: string): Promise<Job> {
  requirePermission(ctx, "jobs:write");
  const row = await loadTask(ctx, id);
  const now = ctx.clock.now();
  await commit(ctx, {
    change: ctx.db
      .update(tasks)
      .set({ status: "queued", attempts: 0, availableAt: now, cause: null, finishedAt: null })
      .where(and(isTask(ctx, id), eq(tasks.status, "failed"))),
    audit: { action: "job.retried", target: { type: "job", id }, details: { type: row.type } },
    conflict: () => problem("conflict", { detail: `Only a failed job can be retried; this one is ${row.status}.` }),
  });
  ctx.later(ring(ctx, [row]));
  return getJob(ctx, id);
}

/** Takes back a job that has not begun; with the task that will not be done, for who must clean up after it. */
export async function cancelJob(ctx: ServiceContext, id: string): Promise<{ job: Job; task: Task }> {
  requirePermission(ctx, "jobs:write");
  const row = await loadTask(ctx, id);
  await commit(ctx, {
    change: ctx.db
      .update(tasks)
      .set({ status: "cancelled", finishedAt: ctx.clock.now() })
      .where(and(isTask(ctx, id), inArray(tasks.status, ["queued", "failed"]))),
    audit: { action: "job.cancelled", target: { type: "job", id }, details: { type: row.type } },
    conflict: () => problem("conflict", { detail: `The job is ${row.status} and can no longer be cancelled.` }),
  });
  return { job: await getJob(ctx, id), task: Task.parse({ type: row.type, payload: row.payload }) };
}

async function loadTask(ctx: ServiceContext, id: string): Promise<TaskRow> {
  const rows = isId("job", id) ? await ctx.db.select().from(tasks).where(isTask(ctx, id)).limit(1) : [];
  const [row] = rows;
  if (row === undefined) throw notFound("job");
  return row;
}

function isTask(ctx: ServiceContext, id: string) {
  return and(eq(tasks.tenantId, ctx.tenant.id), eq(tasks.id, id));
}

/** A job as the list shows it: without its result. */
export function toJob(row: TaskRow): Job {
  return {
    id: row.id,
    type: row.type,
    status: row.status,
    attempts: row.attempts,
    progress: row.status === "succeeded" ? 1 : 0,
    subject: subjectOf(row),
    ...(row.cause !== null && { cause: row.cause, ...(row.status === "failed" && { error: row.cause }) }),
    createdAt: isoTime(row.createdAt),
    // Of a task that runs it is the end of its lease, which is nobody's business.
    availableAt: row.status === "queued" ? isoTime(row.availableAt) : null,
    finishedAt: row.finishedAt === null ? null : isoTime(row.finishedAt),
  };
}

/** What the job is about, without the folders of files. */
function subjectOf({ payload }: TaskRow): JsonObject {
  const { folder: _, revisions, ...subject } = payload as JsonObject;
  if (!Array.isArray(revisions)) return subject;
  return { ...subject, revisions: revisions.map((revision) => withoutFolder(revision)) };
}

function withoutFolder(revision: Json): Json {
  if (!isJsonObject(revision)) return revision;
  const { folder: _, ...rest } = revision;
  return rest;
}
