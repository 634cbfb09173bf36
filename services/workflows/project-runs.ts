import { lt, type SQL, sql } from "drizzle-orm";
import { actorReference } from "../../domain/kernel/actor.ts";
import { insertEntryOnce } from "../audit/insert-entry.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { runRetentionMs } from "../tenants/run-retention.ts";
import type { RunProjection } from "./ports.ts";
import { reviews, runs } from "./table.ts";

// Brings the read models up to what runs say of themselves.
//   P1  A projection that was overtaken changes nothing: rows only move to a higher seq.
//   P2  A run repeats its news until it is acknowledged, and it is acknowledged only after the write.
//   P3  An act on a run becomes one audit entry, however often it is told.

interface Told {
  tenantId: string;
  runId: string;
  projection: RunProjection;
}

export async function projectRuns(
  platform: PlatformContext,
  advanced: readonly { runId: string; tenantId: string }[],
): Promise<void> {
  const distinct = [...new Map(advanced.map((run) => [`${run.tenantId}:${run.runId}`, run])).values()];
  const told = (await Promise.all(distinct.map((run) => ask(platform, run)))).filter((one) => one !== null);
  const [first, ...rest] = told.flatMap((one) => statements(platform, one));
  if (first === undefined) return;
  await platform.db.batch([first, ...rest]);
  await reportSlots(platform, told);
  await Promise.all(told.map((one) => acknowledge(platform, one)));
}

async function ask(
  platform: PlatformContext,
  { runId, tenantId }: { runId: string; tenantId: string },
): Promise<Told | null> {
  const projection = await platform.ports.runActors.of(tenantId, runId).projection();
  return projection === null ? null : { tenantId, runId, projection };
}

/** Before the acknowledgement, so that an end is told until the slot is free. */
async function reportSlots(platform: PlatformContext, told: readonly Told[]): Promise<void> {
  const byTenant = Map.groupBy(told, ({ tenantId }) => tenantId);
  await Promise.all(
    [...byTenant].map(async ([tenantId, runs]) => {
      const reports = runs.flatMap(({ projection }) => projection.slot ?? []);
      if (reports.length > 0) await platform.ports.runSlots.of(tenantId).report(reports);
    }),
  );
}

async function acknowledge(platform: PlatformContext, { tenantId, runId, projection }: Told): Promise<void> {
  await platform.ports.runActors.of(tenantId, runId).acknowledge(projection.seq, projection.acts.at(-1)?.id ?? 0);
}

function statements(platform: PlatformContext, { tenantId, runId, projection }: Told): Statement[] {
  const { db } = platform;
  const { run } = projection;
  const row = {
    tenantId,
    id: runId,
    workflow: run.workflow,
    status: run.status,
    seq: projection.seq,
    startedAt: Date.parse(run.startedAt),
    stoppedAt: run.stoppedAt === undefined ? null : Date.parse(run.stoppedAt),
    parentRunId: run.parentRunId ?? null,
    mapState: run.mapState ?? null,
    run,
    projectedAt: platform.clock.now(),
    archiveAt: run.stoppedAt === undefined ? null : archiveAt(tenantId, Date.parse(run.stoppedAt)),
  };
  const { tenantId: _tenant, id: _id, ...changed } = row;
  return [
    db
      .insert(runs)
      .values(row)
      .onConflictDoUpdate({ target: [runs.tenantId, runs.id], set: changed, setWhere: lt(runs.seq, projection.seq) }),
    ...projection.reviews.map((review) => {
      const values = { ...review, tenantId, runId, workflow: run.workflow };
      // A review that was decided never becomes pending again, whichever message comes last.
      return db
        .insert(reviews)
        .values(values)
        .onConflictDoUpdate({
          target: [reviews.tenantId, reviews.id],
          set: values,
          setWhere: sql`${reviews.status} = 'pending'`,
        });
    }),
    ...projection.acts.map((act) => {
      const actor = actorReference(act.actor);
      return insertEntryOnce(platform, {
        id: `aud_${runId.slice("run_".length)}-${act.id}`,
        tenantId,
        at: act.at,
        action: act.action,
        actorType: actor.type,
        actorId: actor.id,
        targetType: "run",
        targetId: runId,
        ip: act.ip,
        userAgent: act.userAgent,
        requestId: act.requestId,
        details: { workflow: run.workflow, version: run.version },
      });
    }),
  ];
}

function archiveAt(tenantId: string, stoppedAt: number): SQL<number> {
  return sql<number>`${stoppedAt} + ${runRetentionMs(tenantId)}`;
}
