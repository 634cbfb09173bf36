import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { aRun, chain, eventually } from "../../support/a-run.ts";
import type { TestMember } from "../../support/a-tenant.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { aWorkflow, childrenOf, eventsOf, objectOf, runOf, task } from "./an-object.ts";

const REVIEW = task("weft:review:request", { Parameters: { title: "?" } });
const AWS = "arn:aws:states:::states:startExecution";
const arn = (name: string) => `arn:aws:states:eu-west-1:123456789012:stateMachine:${name}`;
const sync = (workflow: string, more: Record<string, Json> = {}) =>
  task("weft:run:start.sync", { Parameters: { workflow, "input.$": "$" }, ...more });

async function approve(member: TestMember, runId: string): Promise<void> {
  const run = await eventually(
    () => runOf(member, runId),
    (seen) => seen.waitingFor.length > 0,
  );
  const reviewId = run.waitingFor[0]?.reviewId;
  await member.call(`/v1/reviews/${reviewId}/decision`, { method: "POST", body: { decision: "approve" } });
}

describe("a run that starts another", () => {
  it("and waits takes its output, and names it as its child", async () => {
    const member = await aTenant();
    await aWorkflow(member, "child", chain(2));
    const run = await aRun(member, sync("child"), { input: { n: 7 }, wait: 10 });
    expect(run).toMatchObject({ status: "succeeded", output: { status: "succeeded", output: { n: 7 } } });
    const child = run.output as { id: string };
    expect(await runOf(member, child.id)).toMatchObject({ parentRunId: run.id, traceId: run.traceId });
    const types = (await eventsOf(member, run.id)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("Task"))).toEqual([
      "TaskStateEntered",
      "TaskScheduled",
      "TaskStarted",
      "TaskSubmitted",
      "TaskSucceeded",
      "TaskStateExited",
    ]);
  });

  it("and does not wait goes on with the run as it began", async () => {
    const member = await aTenant();
    await aWorkflow(member, "slow", REVIEW);
    const run = await aRun(member, task("weft:run:start", { Parameters: { workflow: "slow" } }), { wait: 5 });
    expect(run).toMatchObject({ status: "succeeded", output: { workflow: "slow", status: "running" } });
  });

  it("fails with the child's error", async () => {
    const member = await aTenant();
    await aWorkflow(member, "broken", { StartAt: "F", States: { F: { Type: "Fail", Error: "Broken", Cause: "why" } } });
    expect(await aRun(member, sync("broken"), { wait: 5 })).toMatchObject({
      status: "failed",
      error: "Broken",
      cause: "why",
    });
  });

  it("of a workflow that is not there fails, and so it does with wrong arguments", async () => {
    const member = await aTenant();
    expect(await aRun(member, sync("absent"), { wait: 5 })).toMatchObject({ status: "failed", error: "Weft.NotFound" });
    const wrong = task("weft:run:start", { Parameters: { workflow: "x", colour: "red" } });
    expect(await aRun(member, wrong, { wait: 5 })).toMatchObject({ status: "failed", error: "Weft.ValidationFailed" });
    const noArn = task(AWS, { Parameters: { StateMachineArn: "nonsense" } });
    expect(await aRun(member, noArn, { wait: 5 })).toMatchObject({ error: "StepFunctions.InvalidArnException" });
    const absent = task(AWS, { Parameters: { StateMachineArn: arn("absent") } });
    const missing = await aRun(member, absent, { wait: 5 });
    expect(missing).toMatchObject({ error: "StepFunctions.StateMachineDoesNotExistException" });
  });

  it("in Step Functions' words is answered in Step Functions' shapes", async () => {
    const member = await aTenant();
    await aWorkflow(member, "child", chain(1));
    const Parameters = { StateMachineArn: arn("child"), Input: { a: 1 } };
    const started = await aRun(member, task(AWS, { Parameters }), { wait: 5 });
    expect(started.output).toMatchObject({ ExecutionArn: expect.stringContaining(":execution:child:run_") });
    const waited = await aRun(member, task(`${AWS}.sync`, { Parameters }), { wait: 5 });
    expect(waited.output).toMatchObject({ Status: "SUCCEEDED", Input: '{"a":1}', Output: '{"a":1}' });
    const parsed = await aRun(member, task(`${AWS}.sync:2`, { Parameters: { ...Parameters, Name: "one" } }), {
      wait: 5,
    });
    expect(parsed.output).toMatchObject({ Name: "one", Output: { a: 1 }, OutputDetails: { Included: true } });
    const again = { ...Parameters, Input: { a: 2 }, Name: "one" };
    const taken = await aRun(member, task(AWS, { Parameters: again }), { wait: 5 });
    expect(taken).toMatchObject({ error: "StepFunctions.ExecutionAlreadyExistsException" });
  });

  it("in Step Functions' words fails with the child described in its cause", async () => {
    const member = await aTenant();
    await aWorkflow(member, "broken", { StartAt: "F", States: { F: { Type: "Fail", Error: "Broken" } } });
    const run = await aRun(member, task(`${AWS}.sync:2`, { Parameters: { StateMachineArn: arn("broken") } }), {
      wait: 5,
    });
    expect(run).toMatchObject({ status: "failed", error: "States.TaskFailed" });
    expect(JSON.parse(run.cause ?? "")).toMatchObject({ Error: "Broken", Status: "FAILED", Input: "{}" });
  });

  it("hears of its end although both objects lost their memory in between", async () => {
    const member = await aTenant();
    await aWorkflow(member, "asks", REVIEW);
    const run = await aRun(member, sync("asks"));
    const [child] = await childrenOf(member, run.id);
    await evictDurableObject(objectOf(member, run.id));
    await evictDurableObject(objectOf(member, child?.id ?? ""));
    await approve(member, child?.id ?? "");
    expect(await runOf(member, run.id, 10)).toMatchObject({ status: "succeeded" });
    expect(await childrenOf(member, run.id)).toHaveLength(1);
    const ends = (await eventsOf(member, run.id)).filter(({ type }) => type === "TaskSucceeded");
    expect(ends).toHaveLength(1);
  });

  it("stops it when it is stopped itself, and when the task times out", async () => {
    const member = await aTenant();
    await aWorkflow(member, "asks", REVIEW);
    const stopped = await aRun(member, sync("asks"));
    const [first] = await childrenOf(member, stopped.id);
    await evictDurableObject(objectOf(member, stopped.id));
    await member.call(`/v1/runs/${stopped.id}/stop`, { method: "POST", body: {} });
    const late = await aRun(member, sync("asks", { TimeoutSeconds: 1 }), { wait: 10 });
    expect(late).toMatchObject({ status: "failed", error: "States.Timeout" });
    const [second] = await childrenOf(member, late.id);
    for (const child of [first, second]) {
      expect(await runOf(member, child?.id ?? "", 5)).toMatchObject({ status: "aborted" });
    }
  });

  it("does not stop a child that it does not wait for", async () => {
    const member = await aTenant();
    await aWorkflow(member, "asks", REVIEW);
    const run = await aRun(member, {
      StartAt: "Start",
      States: {
        Start: { Type: "Task", Resource: "weft:run:start", Parameters: { workflow: "asks" }, Next: "Wait" },
        Wait: { Type: "Wait", Seconds: 600, End: true },
      },
    });
    const [child] = await childrenOf(member, run.id);
    await member.call(`/v1/runs/${run.id}/stop`, { method: "POST", body: {} });
    await approve(member, child?.id ?? "");
    expect(await runOf(member, child?.id ?? "", 5)).toMatchObject({ status: "succeeded" });
  });

  it("ends a workflow that starts itself for ever", async () => {
    const member = await aTenant();
    await aWorkflow(member, "self", sync("self"));
    const run = await aRun(member, sync("self"), { wait: 30 });
    expect(run).toMatchObject({ status: "failed", cause: "Runs are nested more than 32 deep." });
  }, 40_000);
});
