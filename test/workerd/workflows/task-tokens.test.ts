import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { aRun, chain, eventually } from "../../support/a-run.ts";
import type { TestMember } from "../../support/a-tenant.ts";
import { aMember, aTenant } from "../../support/a-tenant.ts";
import { refusesTheWrongActor } from "../../support/guards.ts";
import { aWorkflow, eventsOf, objectOf, runOf, task } from "./an-object.ts";

interface Scheduled {
  input: { input: { token: string } };
}

/** A run whose task waits for its token, which another run was given. */
async function aWaitingRun(member: TestMember, more: Record<string, Json> = {}) {
  await aWorkflow(member, "worker", chain(1));
  const run = await aRun(
    member,
    task("weft:run:start.waitForTaskToken", {
      Parameters: { workflow: "worker", input: { "token.$": "$$.Task.Token" } },
      ...more,
    }),
  );
  const events = await eventually(
    () => eventsOf(member, run.id),
    (seen) => seen.some((event) => event.type === "TaskSubmitted"),
  );
  const scheduled = events.find((event) => event.type === "TaskScheduled") as unknown as Scheduled;
  return { run, token: scheduled.input.input.token };
}

function answer(member: TestMember, kind: "success" | "failure" | "heartbeat", body: Json) {
  return member.call(`/v1/task-tokens/${kind}`, { method: "POST", body });
}

describe("a task token", () => {
  it("holds the run until the work behind it is reported done, even by an object that lost its memory", async () => {
    const member = await aTenant();
    const { run, token } = await aWaitingRun(member);
    expect((await runOf(member, run.id)).waitingFor).toMatchObject([{ kind: "callback", state: "T" }]);
    await evictDurableObject(objectOf(member, run.id));
    expect(await answer(member, "success", { taskToken: token, output: { ok: true } })).toMatchObject({ status: 204 });
    expect(await runOf(member, run.id, 5)).toMatchObject({ status: "succeeded", output: { ok: true } });
    const submitted = (await eventsOf(member, run.id)).filter((event) => event.type === "TaskSubmitted");
    expect(submitted).toHaveLength(1);
  });

  it("fails the task with the error that is reported", async () => {
    const member = await aTenant();
    const { run, token } = await aWaitingRun(member);
    await answer(member, "failure", { taskToken: token, error: "Broken", cause: "a part was missing" });
    expect(await runOf(member, run.id, 5)).toMatchObject({
      status: "failed",
      error: "Broken",
      cause: "a part was missing",
    });
  });

  it("takes the first of many answers; each later one is refused", async () => {
    const member = await aTenant();
    const { run, token } = await aWaitingRun(member);
    const answers = await Promise.all(
      [1, 2, 3].map((output) => answer(member, "success", { taskToken: token, output })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409, 409]);
    const won = answers.findIndex(({ status }) => status === 204) + 1;
    expect(await runOf(member, run.id, 5)).toMatchObject({ status: "succeeded", output: won });
    expect(await answer(member, "failure", { taskToken: token })).toMatchObject({
      status: 409,
      body: { code: "task-answered" },
    });
  });

  it("that nobody was given leads nowhere, and so does one of another tenant", async () => {
    const member = await aTenant();
    const { run, token } = await aWaitingRun(member);
    const unknown = [
      "nonsense",
      "run_00000000000000000000000000.3.x",
      `${run.id}.3.${crypto.randomUUID()}`,
      `${run.id}.999.${crypto.randomUUID()}`,
      `${run.id}.NaN.x`,
    ];
    for (const taskToken of unknown) {
      expect(await answer(member, "success", { taskToken, output: 1 })).toMatchObject({ status: 404 });
    }
    const stranger = await aTenant();
    expect(await answer(stranger, "success", { taskToken: token, output: 1 })).toMatchObject({ status: 404 });
    const viewer = await aMember(member, "viewer");
    expect(await answer(viewer, "success", { taskToken: token, output: 1 })).toMatchObject({ status: 403 });
    expect((await runOf(member, run.id)).status).toBe("running");
  });

  it("wants an output for a success, and knows no other members", async () => {
    const member = await aTenant();
    expect((await answer(member, "success", { taskToken: "x" })).status).toBe(422);
    expect((await answer(member, "failure", { taskToken: "x", reason: "?" })).status).toBe(422);
    expect((await answer(member, "heartbeat", {})).status).toBe(422);
  });

  it("that is not heard of for too long fails the task; heartbeats keep it", async () => {
    const member = await aTenant();
    const { run, token } = await aWaitingRun(member, { HeartbeatSeconds: 2, TimeoutSeconds: 60 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await answer(member, "heartbeat", { taskToken: token })).toMatchObject({ status: 204 });
    await evictDurableObject(objectOf(member, run.id));
    const ended = await runOf(member, run.id, 8);
    expect(ended).toMatchObject({ status: "failed", error: "States.Timeout" });
    const at = (await eventsOf(member, run.id)).map(({ type, at }) => [type, Date.parse(at)] as const);
    const times = new Map(at);
    expect(Number(times.get("TaskTimedOut")) - Number(times.get("RunTaskHeartbeat"))).toBeGreaterThanOrEqual(2_000);
    expect((await answer(member, "heartbeat", { taskToken: token })).status).toBe(409);
  });
});

refusesTheWrongActor({
  name: "POST /v1/task-tokens/success",
  permission: "runs:write",
  namesResource: false,
  arrange: async (owner) => {
    const { token } = await aWaitingRun(owner);
    return { path: "/v1/task-tokens/success", body: { taskToken: token, output: 1 } };
  },
});
