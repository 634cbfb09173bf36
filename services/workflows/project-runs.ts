import { sql } from "drizzle-orm";
import { insertEntriesOnce } from "../audit/insert-entries.ts";
import { type ToldAct, toldEntry } from "../audit/told-entry.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import type { RunProjection } from "./ports.ts";
import { insertRuns, type ToldRun } from "./run-rows.ts";
import { reviews } from "./table.ts";

// Brings the read models up to what runs say of themselves.
//   P1  A projection that was overtaken changes nothing: rows only move to a higher seq.
//   P2  A run repeats its news until it is acknowledged, and it is acknowledged only after the write.
//   P3  An act on a run becomes one audit entry, however often it is told.

export interface AdvancedRun {
  runId: string;
  tenantId: string;
  /** What the run told with its news. Without it the run is asked. */
  told?: unknown;
}

export async function projectRuns(platform: PlatformContext, advanced: readonly AdvancedRun[]): Promise<void> {
  const byRun = Map.groupBy(advanced, ({ tenantId, runId }) => `${tenantId}:${runId}`);
  const told = (await Promise.all([...byRun.values()].map((news) => newest(platform, news)))).filter(isTold);
  if (told.length === 0) return;
  const [first, ...rest] = [
    ...insertRuns(platform, told),
    ...told.flatMap((one) => reviewStatements(platform, one)),
    ...insertEntriesOnce(platform, await Promise.all(told.flatMap(actsOf).map((act) => toldEntry(platform, act)))),
  ];
  if (first === undefined) return;
  await platform.db.batch([first, ...rest]);
  await reportSlots(platform, told);
  await acknowledge(platform, told);
}

/** The latest that the news of one run tell, or what the run says when it is asked. */
async function newest(platform: PlatformContext, news: readonly AdvancedRun[]): Promise<ToldRun | null> {
  const [run] = news;
  if (run === undefined) return null;
  const { tenantId, runId } = run;
  const latest = news
    .flatMap(({ told }) => (told === undefined ? [] : [asProjection(told)]))
    .reduce<RunProjection | null>((best, one) => (best === null || one.seq >= best.seq ? one : best), null);
  const projection = latest ?? (await platform.ports.runActors.of(tenantId, runId).projection());
  return projection === null ? null : { tenantId, runId, projection };
}

/** Only a run's object sends such news, and of this version: a message that waited is not read (workers/queues/consume.ts). */
function asProjection(told: unknown): RunProjection {
  return told as RunProjection;
}

function isTold(one: ToldRun | null): one is ToldRun {
  return one !== null;
}

/** Before the acknowledgement, so that an end is told until the slot is free. */
async function reportSlots(platform: PlatformContext, told: readonly ToldRun[]): Promise<void> {
  const byTenant = Map.groupBy(told, ({ tenantId }) => tenantId);
  await Promise.all(
    [...byTenant].map(async ([tenantId, runs]) => {
      const reports = runs.flatMap(({ projection }) => projection.slot ?? []);
      if (reports.length > 0) await platform.ports.runSlots.of(tenantId).report(reports);
    }),
  );
}

async function acknowledge(platform: PlatformContext, told: readonly ToldRun[]): Promise<void> {
  const byTenant = Map.groupBy(told, ({ tenantId }) => tenantId);
  await Promise.all(
    [...byTenant].map(([tenantId, runs]) =>
      platform.ports.runActors.acknowledge(
        tenantId,
        runs.map(({ runId, projection: { seq, acts } }) => ({ runId, seq, act: acts.at(-1)?.id ?? 0 })),
      ),
    ),
  );
}

function reviewStatements({ db }: PlatformContext, { tenantId, runId, projection }: ToldRun): Statement[] {
  return projection.reviews.map((review) => {
    const values = { ...review, tenantId, runId, workflow: projection.run.workflow };
    // A review that was decided never becomes pending again, whichever message comes last.
    return db
      .insert(reviews)
      .values(values)
      .onConflictDoUpdate({
        target: [reviews.tenantId, reviews.id],
        set: values,
        setWhere: sql`${reviews.status} = 'pending'`,
      });
  });
}

function actsOf({ tenantId, runId, projection: { acts, run } }: ToldRun): ToldAct[] {
  return acts.map(({ id, at, action, actor, ip, userAgent, requestId }) => ({
    id: `aud_${runId.slice("run_".length)}-${id}`,
    tenantId,
    at,
    action,
    actor,
    target: { type: "run", id: runId },
    ip,
    userAgent,
    requestId,
    details: { workflow: run.workflow, version: run.version },
  }));
}
