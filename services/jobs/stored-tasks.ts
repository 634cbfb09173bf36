import { and, eq, inArray, lt, lte, or, sql } from "drizzle-orm";
import { Task } from "../../domain/jobs/message.ts";
import type { Problem } from "../../domain/kernel/problem.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import { backoff } from "../../domain/kernel/retry.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../domain/kernel/time.ts";
import { ring } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { type Settled, together } from "../together.ts";
import { removeJobFiles, TYPES_WITH_FILES } from "./job-files.ts";
import { tasks, unreadableMessages } from "./table.ts";
import { isClaimed, LEASE_MS, underLease } from "./task-lease.ts";

// Runs stored tasks.
//   J1  A task runs under a lease that its consumer renews: two rings for one task run it once at a time.
//   J2  A task that finished never runs again; a consumer that died is repeated when its lease ends.
//   J3  Nothing is dropped: past its attempts a task rests as `failed` with its cause, and can be retried.

const MAX_ATTEMPTS = 8;
const RETRY = { firstMs: 2 * SECOND_MS, factor: 3, maxMs: 30 * MINUTE_MS };
const SWEEP_LIMIT = 500;
const KEPT_MS = 7 * DAY_MS;

export type TaskRow = typeof tasks.$inferSelect;
export type TaskOutcome = "done" | "retry" | "failed" | "not-due";

/** Runs the task if it is due and free; `run` gets what was stored. */
export async function runStoredTask(
  platform: PlatformContext,
  { id, tenantId }: { id: string; tenantId: string },
  run: (task: Task) => Promise<void>,
): Promise<TaskOutcome> {
  const [row] = await claim(platform, { ids: [id], tenantId });
  if (row === undefined) return "not-due";
  try {
    await underLease(platform, [row], async () => run(taskOf(row)));
  } catch (error) {
    return settleFailure(platform, row, error);
  }
  await finish(platform, [row], { status: "succeeded", cause: null });
  return "done";
}

/** Runs those of the tasks that are due and free together; `run` answers for each, in their order. */
export async function runStoredTasks(
  platform: PlatformContext,
  of: { ids: readonly string[]; tenantId: string },
  run: (tasks: Task[]) => Promise<Settled<void>[]>,
): Promise<void> {
  const rows = await claim(platform, of);
  if (rows.length === 0) return;
  const outcomes = await underLease(platform, rows, async () =>
    together(await Promise.allSettled(rows.map(async (row) => taskOf(row))), run),
  );
  const done = rows.filter((_, at) => outcomes[at]?.status === "fulfilled");
  await finish(platform, done, { status: "succeeded", cause: null });
  for (const [at, row] of rows.entries()) {
    const outcome = outcomes[at];
    if (outcome?.status === "rejected") await settleFailure(platform, row, outcome.reason);
  }
}

function taskOf({ type, payload }: TaskRow): Task {
  return Task.parse({ type, payload });
}

async function claim(
  platform: PlatformContext,
  { ids, tenantId }: { ids: readonly string[]; tenantId: string },
): Promise<TaskRow[]> {
  const now = platform.clock.now();
  return platform.db
    .update(tasks)
    .set({ status: "running", availableAt: now + LEASE_MS, attempts: sql`${tasks.attempts} + 1` })
    .where(
      and(
        inArray(tasks.id, [...ids]),
        eq(tasks.tenantId, tenantId),
        inArray(tasks.status, ["queued", "running"]),
        lte(tasks.availableAt, now),
      ),
    )
    .returning();
}

async function settleFailure(platform: PlatformContext, row: TaskRow, error: unknown): Promise<TaskOutcome> {
  const known = asProblem(error);
  const cause = known === null ? "internal-error" : `${known.code}: ${known.message}`;
  if (known === null) {
    platform.log.error("task.defect", error, { taskId: row.id, type: row.type });
    platform.ports.errorTracker.capture(error, { taskId: row.id, type: row.type });
  }
  if (!mayRetry(known) || row.attempts >= MAX_ATTEMPTS) {
    platform.log.warn("task.failed", { taskId: row.id, type: row.type, attempts: row.attempts, cause });
    await finish(platform, [row], { status: "failed", cause });
    return "failed";
  }
  const waitMs = backoff(RETRY, row.attempts, platform.random.next());
  await platform.db
    .update(tasks)
    .set({ status: "queued", availableAt: platform.clock.now() + waitMs, cause })
    .where(isClaimed([row]));
  await platform.ports.queue.send(
    [{ kind: "stored-task", id: row.id, tenantId: row.tenantId }],
    Math.ceil(waitMs / SECOND_MS),
  );
  return "retry";
}

/** A defect may be passing (a lost connection); a problem says itself whether it is. */
function mayRetry(known: Problem | null): boolean {
  return known === null || known.retryable;
}

/** Rows of one tenant. A row that another consumer took up meanwhile is left to it. */
async function finish(
  platform: PlatformContext,
  rows: readonly TaskRow[],
  end: { status: "succeeded" | "failed"; cause: string | null },
): Promise<void> {
  if (rows.length === 0) return;
  await platform.db
    .update(tasks)
    .set({ ...end, finishedAt: platform.clock.now() })
    .where(isClaimed(rows));
}

/** Rings again for every task that is due and whose ring may have been lost. Run by the clock, each minute. */
export async function ringDueTasks(platform: PlatformContext): Promise<number> {
  const now = platform.clock.now();
  // across tenants: the clock serves all of them.
  const due = await platform.db
    .select({ id: tasks.id, tenantId: tasks.tenantId })
    .from(tasks)
    .where(and(inArray(tasks.status, ["queued", "running"]), lte(tasks.availableAt, now)))
    .orderBy(tasks.availableAt)
    .limit(SWEEP_LIMIT);
  if (due.length > 0) await ring(platform, due);
  return due.length;
}

/** Marks a task whose ring reached the dead-letter queue: the consumer itself kept failing. */
export async function keepDeadLetter(
  platform: PlatformContext,
  of: { id: string; tenantId: string },
  cause: string,
): Promise<void> {
  await platform.db
    .update(tasks)
    .set({ status: "failed", cause, finishedAt: platform.clock.now() })
    .where(and(eq(tasks.id, of.id), eq(tasks.tenantId, of.tenantId), inArray(tasks.status, ["queued", "running"])));
}

export async function keepUnreadable(
  platform: PlatformContext,
  id: string,
  body: string,
  cause: string,
): Promise<void> {
  const row = { id, body, cause, createdAt: platform.clock.now() };
  await platform.db.insert(unreadableMessages).values(row).onConflictDoNothing();
}

/** Forgets what ended well a week ago. Failed tasks stay until somebody decides, save mails: by then their links are dead. */
export async function pruneTasks(platform: PlatformContext): Promise<void> {
  const isLostMail = and(eq(tasks.type, "mail.send"), eq(tasks.status, "failed"));
  const ended = or(eq(tasks.status, "succeeded"), eq(tasks.status, "cancelled"), isLostMail);
  const isOld = and(ended, lt(tasks.finishedAt, platform.clock.now() - KEPT_MS));
  // across tenants: the clock serves all of them.
  const withFiles = await platform.db
    .select({ id: tasks.id, tenantId: tasks.tenantId })
    .from(tasks)
    .where(and(isOld, inArray(tasks.type, TYPES_WITH_FILES)));
  await removeJobFiles(platform, withFiles);
  // across tenants: as above.
  await platform.db.delete(tasks).where(isOld);
}
