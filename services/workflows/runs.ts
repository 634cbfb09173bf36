import { and, desc, eq, gte, inArray, isNull, lt, or } from "drizzle-orm";
import * as z from "zod";
import { isId } from "../../domain/kernel/id.ts";
import type { Page } from "../../domain/kernel/page.ts";
import { decodeCursor, PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import type { Checkpoint, Run } from "../../domain/workflows/run-view.ts";
import { RunStatus } from "../../domain/workflows/run-view.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import type { EventPage, EventQuery, RunActor, RunLifecycle, TaskAnswer } from "./ports.ts";
import { actOf } from "./run-act.ts";
import { archivedStream, findArchivedRun, listArchivedEvents, orArchived } from "./run-archive.ts";
import { runs } from "./table.ts";

export const ListRuns = z.strictObject({
  ...PageRequest.shape,
  workflow: z.string().optional(),
  status: RunStatus.optional(),
  parentRunId: z.string().optional().meta({ description: "Runs that this run started, children of its Maps included" }),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
});
export type ListRuns = z.infer<typeof ListRuns>;

export interface RunQuery extends Omit<ListRuns, "status"> {
  status?: Run["status"] | Run["status"][] | undefined;
}

/**
 * Runs, newest first, from the read model: at most a second behind. Children of a distributed Map, of which there may be tens of
 * thousands, are listed only where their parent is asked for.
 */
export async function listRuns(ctx: ServiceContext, query: RunQuery): Promise<Page<Run>> {
  requirePermission(ctx, "runs:read");
  const [startedAt, id] = query.cursor === undefined ? [] : decodeCursor(query.cursor, 2);
  const before = Number(startedAt);
  const rows = await ctx.db
    .select({ id: runs.id, startedAt: runs.startedAt, run: runs.run })
    .from(runs)
    .where(
      and(
        eq(runs.tenantId, ctx.tenant.id),
        query.parentRunId === undefined ? isNull(runs.mapState) : eq(runs.parentRunId, query.parentRunId),
        query.workflow === undefined ? undefined : eq(runs.workflow, query.workflow),
        query.status === undefined ? undefined : inArray(runs.status, [query.status].flat()),
        query.from === undefined ? undefined : gte(runs.startedAt, Date.parse(query.from)),
        query.to === undefined ? undefined : lt(runs.startedAt, Date.parse(query.to)),
        id === undefined ? undefined : or(lt(runs.startedAt, before), and(eq(runs.startedAt, before), lt(runs.id, id))),
      ),
    )
    .orderBy(desc(runs.startedAt), desc(runs.id))
    .limit(query.limit + 1);
  return pageOf(
    rows,
    query.limit,
    (row) => [String(row.startedAt), row.id],
    (row) => row.run,
  );
}

/** The run as its object has it now; with `waitSeconds`, once it has ended or that time is over. */
export async function getRun(ctx: ServiceContext, id: string, waitSeconds = 0): Promise<Run> {
  requirePermission(ctx, "runs:read");
  const actor = runActor(ctx, id);
  const live = await (waitSeconds > 0 ? actor.wait(waitSeconds) : actor.get());
  const run = live ?? (await findArchivedRun(ctx, id));
  if (run === null) throw notFound("run");
  return run;
}

/** Pause, resume, stop, redrive or rewind; or another pace for one of its map runs. */
export async function commandRun(ctx: ServiceContext, id: string, command: RunLifecycle): Promise<Run> {
  requirePermission(ctx, "runs:write");
  return runActor(ctx, id).command(command, actOf(ctx, ACTIONS[command.kind]));
}

const ACTIONS: Record<RunLifecycle["kind"], string> = {
  pause: "run.paused",
  resume: "run.resumed",
  stop: "run.stopped",
  redrive: "run.redriven",
  rewind: "run.rewound",
  "update-map-run": "run.map-run-updated",
};

export async function listRunEvents(ctx: ServiceContext, id: string, page: EventQuery): Promise<EventPage> {
  requirePermission(ctx, "runs:read");
  const actor = runActor(ctx, id);
  return orArchived(
    () => actor.events(page),
    () => listArchivedEvents(ctx, id, page),
  );
}

/** What someone outside says about a task that waits for its token. The first answer counts. */
export async function answerTask(ctx: ServiceContext, answer: TaskAnswer): Promise<void> {
  requirePermission(ctx, "runs:write");
  const [runId = ""] = answer.token.split(".");
  if (!isId("run", runId)) throw notFound("task token");
  await ctx.ports.runActors.of(ctx.tenant.id, runId).answerTask(answer);
}

/** The live history as server-sent events. */
export async function streamRunEvents(ctx: ServiceContext, id: string, after: number): Promise<Response> {
  requirePermission(ctx, "runs:read");
  const actor = runActor(ctx, id);
  return orArchived(
    () => actor.stream(after),
    () => archivedStream(ctx, id, after),
  );
}

export async function listCheckpoints(ctx: ServiceContext, id: string): Promise<Checkpoint[]> {
  requirePermission(ctx, "runs:read");
  return runActor(ctx, id).checkpoints();
}

/** The object of a run of this tenant. A foreign or absent id leads to an object that knows nothing, so both look the same. */
export function runActor(ctx: ServiceContext, id: string): RunActor {
  if (!isId("run", id)) throw notFound("run");
  return ctx.ports.runActors.of(ctx.tenant.id, id);
}
