import { and, eq, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { entryText } from "../domain/audit/chain.ts";
import { companyOf, type Task } from "../domain/jobs/message.ts";
import type { Actor } from "../domain/kernel/actor.ts";
import { actorReference } from "../domain/kernel/actor.ts";
import { batchesWithin } from "../domain/kernel/batches.ts";
import { type Problem, problem } from "../domain/kernel/problem.ts";
import { backoff } from "../domain/kernel/retry.ts";
import { SECOND_MS } from "../domain/kernel/time.ts";
import { auditEntries } from "./audit/table.ts";
import type { Database, PlatformContext } from "./context.ts";
import { gathering } from "./gather.ts";
import { commitGuard, tasks } from "./jobs/table.ts";
import { personalColumns } from "./personal.ts";

// The one door to a write.
//   C1  All of a commit lands or none of it: changes, audit entries and tasks are one D1 batch.
//   C2  Every statement of `change` must change a row. One that changes none undoes the commit: `conflict`.
//   C3  A write whose answer was lost is repeated, and counted once: the audit entry's id tells that it had landed.

export type Statement = BatchItem<"sqlite">;

/** Whose the tasks are that belong to no tenant: no tenant lists them, and they outlive every tenant. */
export const PLATFORM_TENANT = "platform";

/** With an id of its own where the answer or a file must name the task. */
export type AskedTask = Task & {
  id?: string;
  tenantId?: typeof PLATFORM_TENANT;
  /** A stored file that the task will read, carried by its ring where that rings for several: it saves the reading. */
  enclosed?: Enclosed | undefined;
  /** Not to be done before so much time has passed. */
  delayMs?: number;
};

/** A small file that never changes under its key. */
export interface Enclosed {
  key: string;
  text: string;
}

export interface AuditNote {
  /** `noun.past-tense-verb`, for example `api-key.created`. */
  action: string;
  target?: { type: string; id: string };
  details?: Record<string, unknown>;
  /** Details that name a person: they become unreadable when the person is erased. */
  personal?: Record<string, unknown>;
}

export interface Commit {
  /** Each must change at least one row. */
  change: Statement | Statement[];
  /** Statements that may find nothing to change; they run after the guarded ones. */
  also?: Statement[];
  audit: AuditNote | AuditNote[];
  tasks?: AskedTask[];
  /** The problem to throw when C2 or a unique constraint refuses. */
  conflict?: () => Problem;
}

/** Where a commit belongs when its context has no tenant of its own: registering, the operator's acts. */
type CommitContext = PlatformContext & { tenant: { id: string }; actor: Actor };

const MAX_ATTEMPTS = 4;
const RETRY = { firstMs: 50, factor: 3, maxMs: 1_000 };

export async function commit(ctx: CommitContext, request: Commit): Promise<void> {
  const now = ctx.clock.now();
  const notes = [request.audit].flat();
  const entries = await Promise.all(notes.map((note) => auditRow(ctx, note, now)));
  const asked = (request.tasks ?? []).map((task) => ({
    row: taskRow(ctx, task, now),
    enclosed: task.enclosed,
    company: task.delayMs === undefined ? companyOf(task) : undefined,
  }));
  const batch: Statement[] = [request.change].flat().flatMap((statement) => [statement, guard(ctx.db)]);
  batch.push(...(request.also ?? []));
  batch.push(...entries.map((entry) => ctx.db.insert(auditEntries).values(entry)));
  batch.push(...asked.map(({ row }) => ctx.db.insert(tasks).values(row)));

  await sendBatch(ctx, batch, entries[0]?.id, request.conflict ?? (() => problem("conflict")));
  for (const { row, company, enclosed } of asked) {
    if (company !== undefined) ctx.later(ringTogether(ctx, { id: row.id, tenantId: row.tenantId, company, enclosed }));
  }
  const alone = asked.flatMap(({ row, company }) => (company === undefined ? [row] : []));
  for (const [availableAt, due] of Map.groupBy(alone, (row) => row.availableAt)) {
    ctx.later(ring(ctx, due, availableAt > now ? Math.ceil((availableAt - now) / SECOND_MS) : undefined));
  }
}

/**
 * So many share the calls of one consumer, and its lease. A message takes 128 KB: so many characters of enclosed texts have three
 * bytes each at most, and leave room for the rest.
 */
const TOGETHER = { items: 10, size: 40_000 };
/** Long enough for uploads side by side to meet, too short for one alone to be noticed. */
const RING_MS = 20;

/** A task that can be done together with others of its company. */
interface Companion {
  id: string;
  tenantId: string;
  company: string;
  enclosed: Enclosed | undefined;
}

/** One ring for what several commits ask for at about the same time, where it can be done together. */
const ringTogether = gathering<Companion>(
  RING_MS,
  ({ tenantId, company }) => `${tenantId}/${company}`,
  async (ctx, rows) => {
    const [first] = rows;
    if (first === undefined) return;
    const { tenantId } = first;
    await ctx.ports.queue.send(
      batchesWithin(rows, TOGETHER, ({ enclosed }) => enclosed?.text.length ?? 0).map((batch) => ({
        kind: "stored-tasks",
        ids: batch.map(({ id }) => id),
        tenantId,
        files: Object.fromEntries(batch.flatMap(({ enclosed }) => (enclosed ? [[enclosed.key, enclosed.text]] : []))),
      })),
    );
  },
);

/** Asks the consumers to look at stored tasks. A ring that is lost costs only time: the sweep rings again. */
export async function ring(
  ctx: PlatformContext,
  rows: { id: string; tenantId: string }[],
  delaySeconds?: number,
): Promise<void> {
  await ctx.ports.queue.send(
    rows.map(({ id, tenantId }) => ({ kind: "stored-task", id, tenantId })),
    delaySeconds,
  );
}

function guard(db: Database): Statement {
  return demand(db, sql`changes()`);
}

/** Undoes the commit when the condition, asked among its statements, is not true. */
export function demand(db: Database, condition: SQL): Statement {
  return db.insert(commitGuard).select(sql`select ${condition}`);
}

async function auditRow(ctx: CommitContext, note: AuditNote, now: number): Promise<typeof auditEntries.$inferInsert> {
  const actor = actorReference(ctx.actor);
  const id = ctx.ids.next("aud");
  const whose = { tenantId: ctx.tenant.id, actor: ctx.actor, target: note.target ?? null };
  const told = { ...ctx.client, details: note.personal ?? null };
  const { details, ...columns } = await personalColumns(ctx, whose, told);
  const entry = {
    id,
    tenantId: ctx.tenant.id,
    at: now,
    action: note.action,
    actorType: actor.type,
    actorId: actor.id,
    targetType: note.target?.type ?? null,
    targetId: note.target?.id ?? null,
    requestId: ctx.requestId,
    ...columns,
    details: note.details === undefined && details === null ? null : { ...note.details, ...details },
  };
  return { ...entry, proof: ctx.ports.auditWitness.prove(entryText(entry)) };
}

function taskRow(ctx: CommitContext, task: AskedTask, now: number): typeof tasks.$inferInsert & { id: string } {
  return {
    id: task.id ?? ctx.ids.next("job"),
    tenantId: task.tenantId ?? ctx.tenant.id,
    type: task.type,
    payload: task.payload,
    status: "queued",
    availableAt: now + (task.delayMs ?? 0),
    createdAt: now,
  };
}

async function sendBatch(
  ctx: CommitContext,
  batch: Statement[],
  auditId: string | undefined,
  conflict: () => Problem,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await ctx.db.batch(batch as [Statement, ...Statement[]]);
      return;
    } catch (error) {
      const text = errorText(error);
      const isConflict = text.includes("commit-guard") || text.includes("UNIQUE constraint failed");
      const mayHaveLanded = isLost(text) || attempt > 1;
      if (mayHaveLanded && auditId !== undefined && (await hasLanded(ctx, auditId))) return;
      if (isConflict) throw conflict();
      if (!isLost(text) || attempt === MAX_ATTEMPTS) throw error;
      await delay(backoff(RETRY, attempt, ctx.random.next()));
    }
  }
}

async function hasLanded(ctx: CommitContext, auditId: string): Promise<boolean> {
  const rows = await ctx.db
    .select({ id: auditEntries.id })
    .from(auditEntries)
    .where(and(eq(auditEntries.tenantId, ctx.tenant.id), eq(auditEntries.id, auditId)))
    .limit(1);
  return rows.length > 0;
}

/** D1's own words for a write that may or may not have happened; the documentation asks for a retry of idempotent writes. */
function isLost(text: string): boolean {
  return /Network connection lost|storage caused object to be reset|reset because its code was updated/.test(text);
}

function errorText(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) parts.push(at.message);
  return parts.join("\n");
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
