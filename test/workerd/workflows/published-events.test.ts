import { expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { performTask } from "../../../services/workflows/perform-task.ts";
import { aRun } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { refusesTheWrongActor } from "../../support/guards.ts";

const publishing = (Parameters: Json): Json => ({
  StartAt: "Tell",
  States: { Tell: { Type: "Task", Resource: "weft:event:publish", Parameters, End: true } },
});

it("a published event is recorded, and its id and time are the result", async () => {
  const member = await aTenant();
  const run = await aRun(member, publishing({ type: "draft.approved", data: { n: 1 } }), { wait: 5 });
  expect(run).toMatchObject({
    status: "succeeded",
    output: { id: expect.stringMatching(/^evt_/), publishedAt: expect.stringMatching(/Z$/) },
  });
  const { body } = await member.call("/v1/events?type=draft.approved");
  expect(body).toEqual({
    data: [{ ...(run.output as object), type: "draft.approved", data: { n: 1 }, runId: run.id }],
    nextCursor: null,
  });
  expect((await member.call("/v1/events?type=other")).body.data).toEqual([]);
  expect((await (await aTenant()).call("/v1/events")).body.data).toEqual([]);
});

it("an attempt that is repeated after a crash publishes once", async () => {
  const { ctx, call } = await aTenant();
  const task = {
    runId: "run_00000000000000000000000000",
    key: "run_00000000000000000000000000/0/Tell/1",
    state: "Tell",
    resource: "weft:event:publish",
    input: { type: "draft.approved" },
    signal: new AbortController().signal,
    depth: 0,
    maxPayloadBytes: 262_144,
  };
  const first = await performTask(ctx, task);
  const again = await performTask({ ...ctx, clock: { now: () => Date.now() + 60_000 } }, task);
  expect(again).toEqual(first);
  const other = await performTask(ctx, { ...task, key: `${task.key}.2` });
  expect(other).not.toEqual(first);
  expect((await call("/v1/events?limit=1")).body.nextCursor).not.toBeNull();
});

it.each([
  ["no type", { data: 1 }],
  ["a type with spaces", { type: "not good" }],
  ["an unknown argument", { type: "a.b", to: "everyone" }],
])("%s fails the task", async (_, input) => {
  const run = await aRun(await aTenant(), publishing(input), { wait: 5 });
  expect(run).toMatchObject({ status: "failed", error: "Weft.ValidationFailed" });
});

refusesTheWrongActor({
  name: "GET /v1/events",
  permission: "runs:read",
  namesResource: false,
  arrange: async () => ({ path: "/v1/events" }),
});
