import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { placeOf } from "../../../domain/workflows/run-place.ts";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { aRun, chain, eventually } from "../../support/a-run.ts";
import type { TestMember } from "../../support/a-tenant.ts";
import { aMember, aTenant } from "../../support/a-tenant.ts";
import { expectProblem } from "../../support/guards.ts";
import { aWorkflow } from "./an-object.ts";

const REVIEW: Json = {
  QueryLanguage: "JSONata",
  StartAt: "Ask",
  States: {
    Ask: {
      Type: "Task",
      Resource: "weft:review:request",
      Arguments: { title: "Publish it?", payload: "{% $states.input %}" },
      Next: "Decided",
    },
    Decided: {
      Type: "Choice",
      Choices: [{ Condition: "{% $states.input.decision = 'approve' %}", Next: "Done" }],
      Default: "Rejected",
    },
    Done: { Type: "Succeed", Output: "{% {'by': $states.input.decidedBy} %}" },
    Rejected: { Type: "Fail", Error: "Rejected", Cause: "A person said no." },
  },
};

const getRun = async (member: TestMember, id: string) => (await member.call(`/v1/runs/${id}`)).body as Run;

function objectOf(member: TestMember, runId: string) {
  return env.WORKFLOW_RUN.get(env.WORKFLOW_RUN.idFromName(`${member.tenantId}:${placeOf(runId).object}`));
}

/** The run, once it waits for a person, and its review's id. */
async function inReview(member: TestMember, id: string): Promise<string> {
  const run = await eventually(
    () => getRun(member, id),
    (seen) => seen.waitingFor[0]?.kind === "review",
  );
  return run.waitingFor[0]?.reviewId ?? "";
}

describe("a run", () => {
  it("goes through its states in one commit and answers its output", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(100), { input: { n: 1 }, wait: 5 });
    expect(run).toMatchObject({ status: "succeeded", output: { n: 1 }, progress: { entered: 100, exited: 100 } });
    const rows = await runInDurableObject(objectOf(member, run.id), (_object, state) =>
      state.storage.sql.exec("select first_seq, last_seq from journal").toArray(),
    );
    expect(rows.map(({ first_seq, last_seq }) => Number(last_seq) - Number(first_seq))).toEqual([201]);
  });

  it("shares an object with those that start at the same time, and keeps what is its own when they end or the object is gone", async () => {
    const member = await aTenant();
    const start = async (workflow: string) =>
      (await member.call(`/v1/workflows/${workflow}/runs`, { method: "POST", body: { input: { workflow } } }))
        .body as Run;
    await aWorkflow(member, "asks", REVIEW);
    await aWorkflow(member, "fans-out", {
      StartAt: "P",
      States: { P: { Type: "Parallel", Branches: [chain(1)], End: true } },
    });
    const [first, second] = [await start("asks"), await start("asks")];
    const alone = await start("fans-out");
    const objects = [first, second, alone].map(({ id }) => placeOf(id).object);
    expect(new Set(objects).size).toBe(2);
    expect(objects[2]).toBe(alone.id);
    await member.call(`/v1/runs/${first.id}/stop`, { method: "POST", body: {} });
    await evictDurableObject(objectOf(member, second.id));
    const reviewId = await inReview(member, second.id);
    await member.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "approve" } });
    expect(await getRun(member, first.id)).toMatchObject({ status: "aborted" });
    expect(await getRun(member, second.id)).toMatchObject({ status: "succeeded", progress: { exited: 3 } });
    const { body } = await member.call(`/v1/runs/${second.id}/events?limit=2`);
    expect(body.data.map(({ seq, type }: { seq: number; type: string }) => `${seq} ${type}`)).toEqual([
      "1 ExecutionStarted",
      "2 TaskStateEntered",
    ]);
  });

  it.each([null, 0, false, "text", [1]])("takes any JSON as input: %j", async (input) => {
    const run = await aRun(await aTenant(), chain(1), { input, wait: 5 });
    expect(run).toMatchObject({ status: "succeeded", input, output: input });
  });

  it("tells its history in AWS event types without gaps", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(2), { wait: 5 });
    const { body } = await member.call(`/v1/runs/${run.id}/events`);
    const { data } = body as { data: { seq: number; type: string }[] };
    expect(data.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      "1 ExecutionStarted",
      "2 PassStateEntered",
      "3 PassStateExited",
      "4 PassStateEntered",
      "5 PassStateExited",
      "6 ExecutionSucceeded",
    ]);
  });

  it("pages its history in both directions", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(5), { wait: 5 });
    const seqs = async (query: string) => {
      const seen: number[] = [];
      let cursor: string | null = null;
      do {
        const at: string = cursor === null ? "" : `&cursor=${cursor}`;
        const { body } = await member.call(`/v1/runs/${run.id}/events?limit=5&${query}${at}`);
        const page = body as { data: { seq: number }[]; nextCursor: string | null };
        seen.push(...page.data.map((event) => event.seq));
        cursor = page.nextCursor;
      } while (cursor !== null);
      return seen;
    };
    const all = Array.from({ length: 12 }, (_, i) => i + 1);
    expect(await seqs("order=asc")).toEqual(all);
    expect(await seqs("order=desc")).toEqual(all.toReversed());
  });

  it("streams its events live and resumes after Last-Event-ID", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: {} });
    const reviewId = await inReview(member, run.id);
    const response = await member.fetch(`/v1/runs/${run.id}/events`, {
      headers: { accept: "text/event-stream", "last-event-id": "2" },
    });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const text = response.text();
    await member.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "approve" } });
    const ids = [...(await text).matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    const ended = await getRun(member, run.id);
    expect(ids).toEqual(Array.from({ length: ended.seq - 2 }, (_, i) => i + 3));
  });

  it("streams nothing to a reader who was signed out or removed meanwhile", async () => {
    const owner = await aTenant();
    const run = await aRun(owner, REVIEW, { input: {} });
    const reviewId = await inReview(owner, run.id);
    const readers = [await aMember(owner, "viewer"), await aMember(owner, "viewer")] as const;
    const streams = await Promise.all(
      readers.map((reader) => reader.fetch(`/v1/runs/${run.id}/events`, { headers: { accept: "text/event-stream" } })),
    );
    await readers[0].call("/v1/auth/logout", { method: "POST" });
    await owner.call(`/v1/members/${readers[1].userId}`, { method: "DELETE" });
    await owner.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "approve" } });
    for (const stream of streams) expect(await stream.text()).not.toContain("ReviewDecided");
  });

  it("with a name is started once: equal input answers the same run, other input conflicts", async () => {
    const member = await aTenant();
    const workflow = "named";
    const first = await aRun(member, chain(1), { workflow, name: "order-1", input: { a: 1, b: 2 }, wait: 5 });
    const again = await member.call(`/v1/workflows/${workflow}/runs`, {
      method: "POST",
      body: { name: "order-1", input: { b: 2, a: 1 } },
    });
    expect(again).toMatchObject({ status: 200, body: { id: first.id } });
    const other = await member.call(`/v1/workflows/${workflow}/runs`, {
      method: "POST",
      body: { name: "order-1", input: { a: 2 } },
    });
    expect(other).toMatchObject({ status: 409, body: { code: "conflict" } });
  });

  it("appears in the lists within a moment, filtered by workflow and status", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(1), { workflow: "listed", wait: 5 });
    const { data } = await eventually(
      async () => (await member.call("/v1/runs?workflow=listed&status=succeeded")).body as { data: Run[] },
      (page) => page.data.length > 0,
    );
    expect(data.map(({ id, status }) => ({ id, status }))).toEqual([{ id: run.id, status: "succeeded" }]);
    expect((await member.call("/v1/runs?status=failed")).body).toEqual({ data: [], nextCursor: null });
  });

  it("leaves an audit entry for who started it, once", async () => {
    const member = await aTenant();
    const run = await aRun(member, chain(1), { wait: 5 });
    const { data } = await eventually(
      async () => (await member.call("/v1/audit-entries?action=run.started")).body as { data: unknown[] },
      (page) => page.data.length > 0,
    );
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({ action: "run.started", actor: { type: "user", id: member.userId } });
    expect(JSON.stringify(data[0])).toContain(run.id);
  });

  it("waits for its timer, and rings it in time", async () => {
    const member = await aTenant();
    const definition = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 1, End: true } } };
    const run = await aRun(member, definition, { wait: 5 });
    expect(run.status).toBe("succeeded");
    const tookMs = Date.parse(run.stoppedAt ?? "") - Date.parse(run.startedAt);
    expect(tookMs).toBeGreaterThanOrEqual(1_000);
  });

  it("is of no other tenant: its id answers exactly like an absent one", async () => {
    const [member, stranger] = [await aTenant(), await aTenant()];
    const run = await aRun(member, chain(1), { wait: 5 });
    const foreign = await stranger.call(`/v1/runs/${run.id}`);
    const absent = await stranger.call("/v1/runs/run_00000000000000000000000000");
    const malformed = await stranger.call("/v1/runs/nonsense");
    const shown = ({ status, body }: { status: number; body: unknown }) => {
      const { requestId: _id, instance: _instance, ...rest } = body as Record<string, unknown>;
      return { status, rest };
    };
    expect(foreign.status).toBe(404);
    expect(shown(foreign)).toEqual(shown(absent));
    expect(shown(malformed)).toEqual(shown(absent));
  });
});

describe("a review", () => {
  it("holds the run until a person approves, and names who did", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: { draft: "Hello" } });
    const reviewId = await inReview(member, run.id);
    const review = await member.call(`/v1/reviews/${reviewId}`);
    expect(review.body).toMatchObject({
      status: "pending",
      title: "Publish it?",
      payload: { draft: "Hello" },
      runId: run.id,
    });
    const decided = await member.call(`/v1/reviews/${reviewId}/decision`, {
      method: "POST",
      body: { decision: "approve", comment: "Fine." },
    });
    expect(decided).toMatchObject({
      status: 200,
      body: { status: "approved", comment: "Fine.", decidedBy: member.userId },
    });
    const ended = (await member.call(`/v1/runs/${run.id}?wait=5`)).body;
    expect(ended).toMatchObject({ status: "succeeded", output: { by: member.userId } });
  });

  it("that is rejected is a result, not an error", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: {} });
    const reviewId = await inReview(member, run.id);
    await member.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "reject" } });
    const ended = (await member.call(`/v1/runs/${run.id}?wait=5`)).body;
    expect(ended).toMatchObject({ status: "failed", error: "Rejected", cause: "A person said no." });
  });

  it("is decided once: the second decision is refused", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: {} });
    const reviewId = await inReview(member, run.id);
    const decide = () =>
      member.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "approve" } });
    const answers = await Promise.all([decide(), decide(), decide()]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409]);
    await member.call(`/v1/runs/${run.id}?wait=5`);
    expectProblem(await decide(), 409, "review-decided");
  });

  it("stands in the queue of reviews until it is decided", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: {} });
    const reviewId = await inReview(member, run.id);
    const ids = async (status: string) => {
      const { body } = await member.call(`/v1/reviews?status=${status}`);
      return (body as { data: { id: string }[] }).data.map((review) => review.id);
    };
    await eventually(
      () => ids("pending"),
      (found) => found.includes(reviewId),
    );
    await member.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "reject" } });
    await eventually(
      () => ids("rejected"),
      (found) => found.includes(reviewId),
    );
    expect(await ids("pending")).toEqual([]);
  });

  it("of another tenant does not exist", async () => {
    const [member, stranger] = [await aTenant(), await aTenant()];
    const run = await aRun(member, REVIEW, { input: {} });
    const reviewId = await inReview(member, run.id);
    const answer = await stranger.call(`/v1/reviews/${reviewId}/decision`, {
      method: "POST",
      body: { decision: "approve" },
    });
    expect(answer.status).toBe(404);
  });
});

describe("lifecycle", () => {
  it("pauses, resumes and stops; in the wrong status it refuses with the reason", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: {} });
    await inReview(member, run.id);
    const post = (verb: string, body: Json = {}) => member.call(`/v1/runs/${run.id}/${verb}`, { method: "POST", body });
    expect(await post("resume")).toMatchObject({ status: 202, body: { status: "running" } });
    const paused = await post("pause");
    expect(paused).toMatchObject({ status: 202, body: { status: "paused" } });
    expect(await post("pause")).toMatchObject({ status: 202, body: { status: "paused", seq: paused.body.seq } });
    expect(await post("resume")).toMatchObject({ status: 202, body: { status: "running" } });
    const stopped = await post("stop", { error: "Enough", cause: "No longer wanted." });
    expect(stopped).toMatchObject({
      status: 202,
      body: { status: "aborted", error: "Enough", cause: "No longer wanted." },
    });
    for (const verb of ["stop", "pause", "resume"]) {
      expect(await post(verb)).toMatchObject({ status: 409, body: { code: "run-status", reason: "already-ended" } });
    }
  });

  it("keeps a decision that is made while paused and goes on at resume", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: {} });
    const reviewId = await inReview(member, run.id);
    await member.call(`/v1/runs/${run.id}/pause`, { method: "POST", body: {} });
    await member.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "approve" } });
    expect((await getRun(member, run.id)).status).toBe("paused");
    await member.call(`/v1/runs/${run.id}/resume`, { method: "POST", body: {} });
    expect((await member.call(`/v1/runs/${run.id}?wait=5`)).body).toMatchObject({ status: "succeeded" });
  });

  it("rewinds an ended run to a state and runs on from there, history kept", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: {} });
    const first = await inReview(member, run.id);
    await member.call(`/v1/reviews/${first}/decision`, { method: "POST", body: { decision: "reject" } });
    const failed = (await member.call(`/v1/runs/${run.id}?wait=5`)).body as Run;
    const rewound = await member.call(`/v1/runs/${run.id}/rewind`, { method: "POST", body: { toState: "Ask" } });
    expect(rewound).toMatchObject({ status: 202, body: { status: "running" } });
    const second = await inReview(member, run.id);
    expect(second).not.toBe(first);
    await member.call(`/v1/reviews/${second}/decision`, { method: "POST", body: { decision: "approve" } });
    const ended = (await member.call(`/v1/runs/${run.id}?wait=5`)).body as Run;
    expect(ended.status).toBe("succeeded");
    expect(ended.seq).toBeGreaterThan(failed.seq);
  });

  it.each([
    ["/toSeq", { toSeq: 999 }],
    ["/toState", { toState: "Nowhere" }],
    ["/toState", { toSeq: 1, toState: "Ask" }],
  ])("names %s when there is no such place to rewind to: %j", async (pointer, body) => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: {} });
    const answer = await member.call(`/v1/runs/${run.id}/rewind`, { method: "POST", body });
    expectProblem(answer, 422, "validation-failed");
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });
});

describe("an object that lost its memory", () => {
  it("knows the run from its journal", async () => {
    const member = await aTenant();
    const run = await aRun(member, REVIEW, { input: { x: 1 } });
    const reviewId = await inReview(member, run.id);
    const before = await getRun(member, run.id);
    await evictDurableObject(objectOf(member, run.id));
    expect(await getRun(member, run.id)).toEqual(before);
    await evictDurableObject(objectOf(member, run.id));
    await member.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "approve" } });
    expect((await member.call(`/v1/runs/${run.id}?wait=5`)).body).toMatchObject({ status: "succeeded" });
  });

  it("rings a timer that was set before", async () => {
    const member = await aTenant();
    const definition = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 1, End: true } } };
    const run = await aRun(member, definition);
    await evictDurableObject(objectOf(member, run.id));
    expect((await member.call(`/v1/runs/${run.id}?wait=8`)).body).toMatchObject({ status: "succeeded" });
  });
});
