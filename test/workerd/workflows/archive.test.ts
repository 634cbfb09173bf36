import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { DAY_MS } from "../../../domain/kernel/time.ts";
import { placeOf } from "../../../domain/workflows/run-place.ts";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { archiveRuns } from "../../../services/workflows/archive-runs.ts";
import { archiveFolder } from "../../../services/workflows/run-archive.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aRun, chain, eventually } from "../../support/a-run.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { tablesWithRows } from "./an-object.ts";

interface ArchiveRow {
  archive_at: number | null;
  archived_at: number | null;
}

function rowOf(runId: string): Promise<ArchiveRow | null> {
  return env.DB.prepare("select archive_at, archived_at from runs where id = ?").bind(runId).first<ArchiveRow>();
}

/** The read model knows the end, and the run knows that it does. */
async function toldOf(member: TestMember, run: Run): Promise<void> {
  await eventually(
    () => rowOf(run.id),
    (row) => row !== null && row.archive_at !== null,
  );
  await eventually(
    () => objectSql(member, run.id, "select seq from origin"),
    ([row]) => row?.seq === run.seq,
  );
}

function objectOf(member: TestMember, runId: string) {
  return env.WORKFLOW_RUN.get(env.WORKFLOW_RUN.idFromName(`${member.tenantId}:${placeOf(runId).object}`));
}

function objectSql(member: TestMember, runId: string, query: string) {
  return runInDurableObject(objectOf(member, runId), (_object, state) => state.storage.sql.exec(query).toArray());
}

async function anArchivedRun(member: TestMember, definition: Json = chain(3), more: object = {}): Promise<Run> {
  const run = await aRun(member, definition, { input: { n: 1 }, wait: 5, ...more });
  await toldOf(member, run);
  expect(await member.ctx.ports.runActors.of(member.tenantId, run.id).archive()).toBe(true);
  return run;
}

describe("a run whose retention is over", () => {
  it("moves to the archive, and its object keeps nothing but that", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(3), { wait: 5 });
    await toldOf(member, run);
    expect(((await rowOf(run.id))?.archive_at ?? 0) - Date.parse(run.stoppedAt ?? "")).toBe(30 * DAY_MS);
    await archiveRuns(aPlatform());
    expect((await rowOf(run.id))?.archived_at).toBeNull();
    await env.DB.prepare("update runs set archive_at = 1 where id = ?").bind(run.id).run();
    await archiveRuns(aPlatform());
    expect(await rowOf(run.id)).toMatchObject({ archive_at: null, archived_at: expect.any(Number) });
    expect(await tablesWithRows(objectOf(member, run.id))).toEqual(["archived"]);
    expect(await member.ctx.ports.files.list(archiveFolder(member.tenantId, run.id))).toHaveLength(1);
  });

  it("stays as long as the tenant's setting says, also where it is changed after the end", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(1), { wait: 5 });
    await toldOf(member, run);
    const body = { settings: { runRetentionDays: 90 } };
    expect((await member.call("/v1/tenant", { method: "PATCH", body })).status).toBe(200);
    await archiveRuns(aPlatform());
    const planned = (await rowOf(run.id))?.archive_at ?? 0;
    expect(planned - Date.parse(run.stoppedAt ?? "")).toBe(90 * DAY_MS);
    await member.call("/v1/tenant", { method: "PATCH", body: { settings: { runRetentionDays: 0 } } });
    await archiveRuns(aPlatform());
    expect((await rowOf(run.id))?.archived_at).not.toBeNull();
  });

  it("stays while it goes on, however old it is", async () => {
    const member = await aTenant();
    const run = await aRun(member, { StartAt: "W", States: { W: { Type: "Wait", Seconds: 3_600, End: true } } });
    await eventually(
      () => rowOf(run.id),
      (row) => row !== null,
    );
    expect((await rowOf(run.id))?.archive_at).toBeNull();
    expect(await member.ctx.ports.runActors.of(member.tenantId, run.id).archive()).toBe(false);
    await member.call(`/v1/runs/${run.id}/stop`, { method: "POST", body: {} });
  });

  it("moves once: again is harmless, and one that never was has nothing to move", async () => {
    const member = await aTenant();
    const run = await anArchivedRun(member);
    const actor = member.ctx.ports.runActors.of(member.tenantId, run.id);
    await evictDurableObject(objectOf(member, run.id));
    expect(await actor.archive()).toBe(true);
    const absent = member.ctx.ports.runActors.of(member.tenantId, "run_00000000000000000000000000");
    expect(await absent.archive()).toBe(false);
  });
});

it("an EXPRESS run moves to the archive like any other", async () => {
  const member = await aTenant();
  const body = { definition: chain(2), type: "EXPRESS" };
  await member.call("/v1/workflows/quick", { method: "PUT", body });
  const started = await member.call("/v1/workflows/quick/runs?wait=5", { method: "POST", body: { input: { n: 1 } } });
  const run = started.body as Run;
  await toldOf(member, run);
  expect(await member.ctx.ports.runActors.of(member.tenantId, run.id).archive()).toBe(true);
  expect((await member.call(`/v1/runs/${run.id}`)).body).toEqual(run);
});

describe("a move that broke off", () => {
  it("is repeated whole: what it had written is written again", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(3), { wait: 5 });
    await toldOf(member, run);
    const { files, runActors } = member.ctx.ports;
    await files.put(`${archiveFolder(member.tenantId, run.id)}00000001.jsonl`, '{"archive":1,"ru', "text/plain");
    expect((await member.call(`/v1/runs/${run.id}`)).body).toEqual(run);
    await evictDurableObject(objectOf(member, run.id));
    expect(await runActors.of(member.tenantId, run.id).archive()).toBe(true);
    expect((await member.call(`/v1/runs/${run.id}`)).body).toEqual(run);
    expect((await member.call(`/v1/runs/${run.id}/events`)).body.data).toHaveLength(run.seq);
  });
});

/** Page by page, as large events make them short. */
async function wholeHistory(member: TestMember, id: string): Promise<Json[]> {
  const events: Json[] = [];
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? "" : `&cursor=${cursor}`;
    const { body } = await member.call(`/v1/runs/${id}/events?limit=1000${from}`);
    events.push(...body.data);
    cursor = body.nextCursor;
  } while (cursor !== null);
  return events;
}

describe("a run in the archive", () => {
  it("reads as it did before: the run, its events in both orders, its live stream and its place in lists", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(3), { input: { n: 1 }, wait: 5, workflow: "old" });
    await toldOf(member, run);
    const paths = [
      `/v1/runs/${run.id}`,
      `/v1/runs/${run.id}?wait=1`,
      `/v1/runs/${run.id}/events`,
      `/v1/runs/${run.id}/events?after=2&limit=3`,
      `/v1/runs/${run.id}/events?order=desc&limit=3`,
      `/v1/runs/${run.id}/events?order=desc&limit=3&after=5`,
      "/v1/runs?workflow=old",
    ];
    const read = () => Promise.all(paths.map(async (path) => (await member.call(path)).body));
    const stream = async () => {
      const headers = { accept: "text/event-stream", "last-event-id": "3" };
      return (await member.fetch(`/v1/runs/${run.id}/events`, { headers })).text();
    };
    const [before, streamed] = [await read(), await stream()];
    expect(await member.ctx.ports.runActors.of(member.tenantId, run.id).archive()).toBe(true);
    expect(await read()).toEqual(before);
    expect(await stream()).toBe(streamed);
  });

  it("takes no commands", async () => {
    const member = await aTenant();
    const run = await anArchivedRun(member);
    for (const [verb, body] of [
      ["stop", {}],
      ["redrive", {}],
      ["rewind", { toSeq: 2 }],
    ] as const) {
      const answer = await member.call(`/v1/runs/${run.id}/${verb}`, { method: "POST", body });
      expectProblem(answer, 409, "run-status");
      expect(answer.body.reason).toBe("archived");
    }
    expectProblem(await member.call(`/v1/runs/${run.id}/checkpoints`), 409, "run-status");
  });

  it("keeps its name: equal input answers it, other input conflicts", async () => {
    const member = await aTenant();
    const run = await anArchivedRun(member, chain(1), { workflow: "named", name: "order-1" });
    const start = (n: number) =>
      member.call("/v1/workflows/named/runs", { method: "POST", body: { name: "order-1", input: { n } } });
    expect(await start(1)).toMatchObject({ status: 200, body: { id: run.id, status: "succeeded" } });
    expectProblem(await start(2), 409, "conflict");
  });

  it("is exported as it was before", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(3), { wait: 5 });
    await toldOf(member, run);
    const read = async () => (await member.fetch(`/v1/runs/${run.id}/export`)).text();
    const before = await read();
    const lines = before
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toEqual({ archive: 1, run });
    expect(lines.slice(1).map((event) => event.seq)).toEqual(Array.from({ length: run.seq }, (_, i) => i + 1));
    await member.ctx.ports.runActors.of(member.tenantId, run.id).archive();
    expect(await read()).toBe(before);
  });

  it("with more history than one file holds is cut and read across the files", async () => {
    const member = await aTenant();
    const input = { text: "x".repeat(200_000) };
    const run = await aRun(member, chain(22), { input, wait: 5 });
    await toldOf(member, run);
    const before = await wholeHistory(member, run.id);
    await member.ctx.ports.runActors.of(member.tenantId, run.id).archive();
    const files = await member.ctx.ports.files.list(archiveFolder(member.tenantId, run.id));
    expect(files.length).toBeGreaterThan(2);
    const bytes = await runInDurableObject(
      objectOf(member, run.id),
      (_object, state) => state.storage.sql.databaseSize,
    );
    expect(bytes).toBeLessThan(100_000);
    expect(await wholeHistory(member, run.id)).toEqual(before);
    const last = (await member.call(`/v1/runs/${run.id}/events?order=desc&limit=1`)).body;
    expect(last.data).toEqual([before.at(-1)]);
  }, 20_000);

  it("is of no other tenant", async () => {
    const [member, stranger] = [await aTenant(), await aTenant()];
    const run = await anArchivedRun(member);
    for (const path of ["", "/events", "/export"]) {
      expectProblem(await stranger.call(`/v1/runs/${run.id}${path}`), 404, "not-found");
    }
  });
});

refusesTheWrongActor({
  name: "GET /v1/runs/{id}/export",
  permission: "runs:read",
  namesResource: true,
  absent: { path: "/v1/runs/run_00000000000000000000000000/export" },
  arrange: async (owner) => ({ path: `/v1/runs/${(await aRun(owner, chain(1), { wait: 5 })).id}/export` }),
});
