import { lt, sql } from "drizzle-orm";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { rowsAsJson } from "../rows-as-json.ts";
import { runRetentionMs } from "../tenants/run-retention.ts";
import type { RunProjection } from "./ports.ts";
import { runs } from "./table.ts";

export interface ToldRun {
  tenantId: string;
  runId: string;
  projection: RunProjection;
}

/** All that a row says of its run, and nothing that the archive says. */
const MOVED = {
  workflow: sql`excluded.workflow`,
  status: sql`excluded.status`,
  seq: sql`excluded.seq`,
  startedAt: sql`excluded.started_at`,
  stoppedAt: sql`excluded.stopped_at`,
  parentRunId: sql`excluded.parent_run_id`,
  mapState: sql`excluded.map_state`,
  run: sql`excluded.run`,
  projectedAt: sql`excluded.projected_at`,
  archiveAt: sql`excluded.archive_at`,
  statesEntered: sql`excluded.states_entered`,
};

/** Rows of the read model, however many runs in a statement or few. A row only moves to a higher seq. */
export function insertRuns({ db, clock }: PlatformContext, told: readonly ToldRun[]): Statement[] {
  const projectedAt = clock.now();
  const rows = told.map(({ tenantId, runId, projection: { run, seq } }) => ({
    tenantId,
    id: runId,
    workflow: run.workflow,
    status: run.status,
    seq,
    startedAt: Date.parse(run.startedAt),
    stoppedAt: run.stoppedAt === undefined ? null : Date.parse(run.stoppedAt),
    parentRunId: run.parentRunId ?? null,
    mapState: run.mapState ?? null,
    run: JSON.stringify(run),
    statesEntered: run.progress.entered,
  }));
  const archiveAt = sql`(value ->> 'stoppedAt') + ${runRetentionMs(sql`value ->> 'tenantId'`)}`;
  return rowsAsJson(rows).map((json) =>
    db
      .insert(runs)
      // In the order of the table's columns.
      .select(
        sql`select value ->> 'tenantId', value ->> 'id', value ->> 'workflow', value ->> 'status', value ->> 'seq',
          value ->> 'startedAt', value ->> 'stoppedAt', value ->> 'parentRunId', value ->> 'mapState', value ->> 'run',
          ${projectedAt}, ${archiveAt}, null, value ->> 'statesEntered' from json_each(${json}) where true`,
      )
      .onConflictDoUpdate({ target: [runs.tenantId, runs.id], set: MOVED, setWhere: lt(runs.seq, sql`excluded.seq`) }),
  );
}
