import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import type { Run } from "../../../domain/workflows/run-view.ts";
import { aRun, eventually } from "../../support/a-run.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { anAwsClient } from "../aws/an-aws-client.ts";
import { eventsOf, objectOf, type RunEvent, runOf, task } from "./an-object.ts";

const MIB = "x".repeat(1_048_576);
const PASS = { StartAt: "P", States: { P: { Type: "Pass", End: true } } };
/** Hands its input on until there is a snapshot, and rests. */
const HANDED_ON = {
  StartAt: "P0",
  States: {
    ...Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [`P${i}`, { Type: "Pass", Next: i === 5 ? "W" : `P${i + 1}` }]),
    ),
    W: { Type: "Wait", Seconds: 2, Next: "Q" },
    Q: { Type: "Pass", End: true },
  },
};
const ASKED = task("weft:event:publish.waitForTaskToken", {
  Parameters: { type: "asked", data: { "token.$": "$$.Task.Token" } },
});

/** A member whose tenant's runs may carry 2 MiB. */
async function aRoomyTenant(): Promise<TestMember> {
  const member = await aTenant();
  const settings = { maxPayloadBytes: 2_097_152 };
  const { status } = await member.call("/v1/tenant", { method: "PATCH", body: { settings } });
  expect(status).toBe(200);
  return member;
}

async function tokenOf(member: TestMember, id: string): Promise<string> {
  const scheduled = await eventually(
    async () => (await eventsOf(member, id)).find(({ type }) => type === "TaskScheduled"),
    (event) => event !== undefined,
  );
  return (scheduled as RunEvent & { token: string }).token;
}

async function snapshotsOf(member: TestMember, id: string): Promise<Record<string, SqlStorageValue>[]> {
  return await runInDurableObject(objectOf(member, id), (_object, { storage: { sql } }) => {
    if (sql.exec("select 1 from sqlite_master where name = 'snapshot'").toArray().length === 0) return [];
    return sql.exec("select seq, length(state) as characters from snapshot").toArray();
  });
}

describe("a payload of 1 MiB", () => {
  it("is refused where the tenant has not asked for more", async () => {
    const member = await aTenant();
    await expect(aRun(member, PASS, { input: MIB })).rejects.toThrow("has more than 262144 bytes");
  });

  it("goes through states, and what replays after an eviction is a snapshot", async () => {
    const member = await aRoomyTenant();
    const { id } = await aRun(member, HANDED_ON, { input: MIB });
    // Not all events are written at once.
    const snapshots = await eventually(
      () => snapshotsOf(member, id),
      (rows) => rows.length > 0,
    );
    expect(snapshots).toEqual([{ seq: 9, characters: 0 }]);
    await evictDurableObject(objectOf(member, id));
    const run = await runOf(member, id, 10);
    expect(run.status).toBe("succeeded");
    expect(run.output === MIB).toBe(true);
  });

  it("is a task's result", async () => {
    const member = await aRoomyTenant();
    const { id } = await aRun(member, ASKED);
    const body = { taskToken: await tokenOf(member, id), output: { text: MIB } };
    expect((await member.call("/v1/task-tokens/success", { body })).status).toBe(204);
    const run = await runOf(member, id, 10);
    expect((run.output as { text: string }).text === MIB).toBe(true);
  });

  it("is a Map's item, in the run and in runs of their own", async () => {
    const member = await aRoomyTenant();
    for (const ProcessorConfig of [{ Mode: "INLINE" }, { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }]) {
      const M = { Type: "Map", ItemProcessor: { ProcessorConfig, ...PASS }, End: true };
      const run = await aRun(member, { StartAt: "M", States: { M } } as Json, { input: [MIB, 1], wait: 10 });
      expect(run.status).toBe("succeeded");
      expect((run.output as Json[])[0] === MIB).toBe(true);
    }
  });

  it("makes pages of the history short and loses nothing between them", async () => {
    const member = await aRoomyTenant();
    const states = Array.from({ length: 10 }, (_, i) => [
      `S${i}`,
      { Type: "Pass", ...(i === 9 ? { End: true } : { Next: `S${i + 1}` }) },
    ]);
    const run = await aRun(member, { StartAt: "S0", States: Object.fromEntries(states) }, { input: MIB, wait: 10 });
    for (const order of ["asc", "desc"]) {
      const pages: number[][] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const more: string = cursor === "" ? "" : `&cursor=${cursor}`;
        const { body } = await member.call(`/v1/runs/${run.id}/events?order=${order}&limit=1000${more}`);
        pages.push(body.data.map(({ seq }: RunEvent) => seq));
        cursor = body.nextCursor;
      }
      const all = Array.from({ length: run.seq }, (_, i) => i + 1);
      expect(pages.flat()).toEqual(order === "asc" ? all : all.reverse());
      expect(pages.length).toBeGreaterThan(1);
    }
  });

  it("is left out of lists, which say so, and is there by id", async () => {
    const member = await aRoomyTenant();
    const { id } = await aRun(member, PASS, { input: MIB, wait: 10 });
    const { data } = await eventually(
      async () => (await member.call("/v1/runs")).body as { data: Run[] },
      (page) => page.data[0]?.status === "succeeded",
    );
    expect(data[0]).toMatchObject({ id, input: null, output: null, leftOut: ["input", "output"] });
    const run = await runOf(member, id);
    expect(run.leftOut).toBeUndefined();
    expect(run.input === MIB).toBe(true);
  });

  it("is left out of an answer that is kept for its repetition", async () => {
    const member = await aRoomyTenant();
    await aRun(member, PASS, { workflow: "kept" });
    const start = () =>
      member.call("/v1/workflows/kept/runs", { body: { input: MIB }, headers: { "idempotency-key": "once" } });
    const [first, again] = [await start(), await start()];
    expect(first).toMatchObject({ status: 201, body: { input: null, leftOut: expect.arrayContaining(["input"]) } });
    expect(again.body).toEqual(first.body);
  });

  it("passes through Step Functions' protocol", async () => {
    const member = await aRoomyTenant();
    const aws = await anAwsClient(member);
    const roleArn = "arn:aws:iam::123456789012:role/states";
    const machine = await aws.send("CreateStateMachine", { name: "big", roleArn, definition: JSON.stringify(PASS) });
    const input = JSON.stringify(MIB);
    const started = await aws.send("StartExecution", { stateMachineArn: machine.body.stateMachineArn, input });
    const { executionArn } = started.body;
    const { body } = await eventually(
      () => aws.send("DescribeExecution", { executionArn }),
      (answer) => answer.body.status === "SUCCEEDED",
    );
    expect(body.output === input).toBe(true);
    const types: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await aws.send("GetExecutionHistory", { executionArn, ...(nextToken && { nextToken }) });
      types.push(...page.body.events.map(({ type }: { type: string }) => type));
      nextToken = page.body.nextToken;
    } while (nextToken !== undefined);
    expect(types).toEqual(["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
  });
});

describe("what is nested too deep", () => {
  const nested = (levels: number): Json => JSON.parse("[".repeat(levels) + "]".repeat(levels)) as Json;

  it("is no input", async () => {
    const member = await aTenant();
    await aRun(member, PASS, { workflow: "deep" });
    const aws = await anAwsClient(member);
    const stateMachineArn = "arn:aws:states:us-east-1:000000000000:stateMachine:deep";
    const refused = await aws.send("StartExecution", { stateMachineArn, input: JSON.stringify(nested(600)) });
    expect(refused.body.__type).toBe("ValidationException");
    expect(refused.body.message).toContain("nested deeper than 500 levels");
  });

  it("fails the task that answered it, and the run can catch that", async () => {
    const member = await aTenant();
    const { id } = await aRun(member, ASKED);
    const aws = await anAwsClient(member);
    const taskToken = await tokenOf(member, id);
    await aws.send("SendTaskSuccess", { taskToken, output: JSON.stringify(nested(600)) });
    expect(await runOf(member, id, 10)).toMatchObject({ status: "failed", error: "States.DataLimitExceeded" });
  });
});
