import * as z from "zod";
import { decodeCursor, encodeCursor, PageRequest } from "../../../domain/kernel/page.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import { Checkpoint, listedRun, Run, RunEventView } from "../../../domain/workflows/run-view.ts";
import { StartRunInput, WorkflowName } from "../../../domain/workflows/workflow.ts";
import { exportRun } from "../../../services/workflows/export-run.ts";
import {
  commandRun,
  getRun,
  ListRuns,
  listCheckpoints,
  listRunEvents,
  listRuns,
  streamRunEvents,
} from "../../../services/workflows/runs.ts";
import { startRun } from "../../../services/workflows/start-run.ts";
import { whilePermitted } from "../guarded-stream.ts";
import { listOf } from "../listing.ts";
import { MAX_PAYLOAD_BODY, reply, routes } from "../operation.ts";

const tag = "Runs";
const ById = z.object({ id: z.string() });
const Wait = z.strictObject({
  wait: z.coerce
    .number()
    .min(0)
    .max(60)
    .default(0)
    .meta({ description: "Seconds to hold the answer until the run ends" }),
});

export const runs = routes();

runs.add(
  {
    method: "post",
    path: "/v1/workflows/{name}/runs",
    id: "startRun",
    tag,
    summary: "Start a run; with a name, at most once",
    access: "runs:write",
    params: z.object({ name: WorkflowName }),
    query: Wait,
    body: StartRunInput,
    maxBytes: MAX_PAYLOAD_BODY,
    returns: { 200: Run, 201: Run },
    problems: ["conflict"],
  },
  async ({ ctx, params, query, body, http }) => {
    const { run, created } = await startRun(ctx, params.name, body, { waitSeconds: query.wait });
    // The answer to a request with a key is kept for its repetition, in a row that has a size.
    const told = http.req.header("idempotency-key") === undefined ? run : listedRun(run);
    return reply(created ? 201 : 200, told, { location: `/v1/runs/${run.id}` });
  },
);

runs.add(
  {
    method: "get",
    path: "/v1/runs",
    id: "listRuns",
    tag,
    summary: "Runs, newest first",
    access: "runs:read",
    query: ListRuns,
    returns: { 200: listOf(Run) },
  },
  async ({ ctx, query }) => reply(200, await listRuns(ctx, query)),
);

runs.add(
  {
    method: "get",
    path: "/v1/runs/{id}",
    id: "getRun",
    tag,
    summary: "A run as it is now",
    access: "runs:read",
    params: ById,
    query: Wait,
    returns: { 200: Run },
  },
  async ({ ctx, params, query }) => reply(200, await getRun(ctx, params.id, query.wait)),
);

const EventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  order: z.enum(["asc", "desc"]).default("asc"),
  cursor: PageRequest.shape.cursor,
});

runs.add(
  {
    method: "get",
    path: "/v1/runs/{id}/events",
    id: "listRunEvents",
    tag,
    summary: "The history; with `Accept: text/event-stream`, live until the run ends",
    access: "runs:read",
    params: ById,
    query: EventsQuery,
    returns: { 200: listOf(RunEventView) },
  },
  async ({ ctx, params, query, http }) => {
    const after = query.cursor === undefined ? (query.after ?? 0) : Number(decodeCursor(query.cursor, 1)[0]);
    if ((http.req.header("accept") ?? "").includes("text/event-stream")) {
      const stream = await streamRunEvents(ctx, params.id, resumeAfter(http.req.header("last-event-id"), after));
      return whilePermitted(http, "runs:read", stream);
    }
    const { events, hasMore } = await listRunEvents(ctx, params.id, { after, limit: query.limit, order: query.order });
    const last = events.at(-1);
    return reply(200, {
      data: events,
      nextCursor: last === undefined || !hasMore ? null : encodeCursor([String(last.seq)]),
    });
  },
);

/** The header that a reconnecting client sends wins over the address it was first given. */
function resumeAfter(lastEventId: string | undefined, after: number): number {
  if (lastEventId === undefined) return after;
  const seq = Number(lastEventId);
  if (Number.isInteger(seq) && seq >= 0) return seq;
  throw problem("validation-failed", { errors: [{ pointer: "Last-Event-ID", detail: "is not the id of an event" }] });
}

runs.add(
  {
    method: "get",
    path: "/v1/runs/{id}/checkpoints",
    id: "listCheckpoints",
    tag,
    summary: "Places the run can be rewound to",
    access: "runs:read",
    params: ById,
    returns: { 200: listOf(Checkpoint) },
  },
  async ({ ctx, params }) => reply(200, { data: await listCheckpoints(ctx, params.id), nextCursor: null }),
);

runs.add(
  {
    method: "get",
    path: "/v1/runs/{id}/export",
    id: "exportRun",
    tag,
    summary: "The run and its history as JSON Lines: first `{archive, run}`, then an event a line",
    access: "runs:read",
    params: ById,
    returns: { 200: null },
  },
  async ({ ctx, params }) =>
    new Response(await exportRun(ctx, params.id), { headers: { "content-type": "application/x-ndjson" } }),
);

const Reason = z.strictObject({ reason: z.string().max(1_000).optional() });

for (const kind of ["pause", "resume"] as const) {
  runs.add(
    {
      method: "post",
      path: `/v1/runs/{id}/${kind}`,
      id: `${kind}Run`,
      tag,
      summary: kind === "pause" ? "Enter no more states; what is under way may finish" : "Go on",
      access: "runs:write",
      params: ById,
      body: Reason,
      returns: { 202: Run },
      problems: ["run-status"],
    },
    async ({ ctx, params, body }) =>
      reply(202, await commandRun(ctx, params.id, { kind, ...(body.reason !== undefined && { reason: body.reason }) })),
  );
}

runs.add(
  {
    method: "post",
    path: "/v1/runs/{id}/stop",
    id: "stopRun",
    tag,
    summary: "End the run as aborted",
    access: "runs:write",
    params: ById,
    body: z.strictObject({ error: z.string().max(256).optional(), cause: z.string().max(32_768).optional() }),
    returns: { 202: Run },
    problems: ["run-status"],
  },
  async ({ ctx, params, body }) => {
    const { error, cause } = body;
    const failure = { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
    return reply(202, await commandRun(ctx, params.id, { kind: "stop", ...failure }));
  },
);

runs.add(
  {
    method: "post",
    path: "/v1/runs/{id}/redrive",
    id: "redriveRun",
    tag,
    summary: "Go on from where a failed run failed",
    access: "runs:write",
    params: ById,
    body: z.strictObject({}),
    returns: { 202: Run },
    problems: ["run-status"],
  },
  async ({ ctx, params }) => reply(202, await commandRun(ctx, params.id, { kind: "redrive" })),
);

runs.add(
  {
    method: "post",
    path: "/v1/runs/{id}/rewind",
    id: "rewindRun",
    tag,
    summary: "Go back to an event or to the last entry of a state, and on from there",
    access: "runs:write",
    params: ById,
    body: z.union([
      z.strictObject({ toSeq: z.int().positive() }),
      z.strictObject({ toState: z.string().min(1).max(80) }),
    ]),
    returns: { 202: Run },
    problems: ["run-status"],
  },
  async ({ ctx, params, body }) => reply(202, await commandRun(ctx, params.id, { kind: "rewind", ...body })),
);
