import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../domain/kernel/json.ts";
import { eventually } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { type AwsClient, anAwsClient } from "./an-aws-client.ts";

const ROLE = "arn:aws:iam::123456789012:role/states";
const PASS = { StartAt: "P", States: { P: { Type: "Pass", Assign: { n: 7 }, End: true } } };
const FAIL = { StartAt: "F", States: { F: { Type: "Fail", Error: "Broken", Cause: "on purpose" } } };
const WAIT = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 3_600, End: true } } };
const FORBIDDEN = {
  StartAt: "T",
  States: { T: { Type: "Task", Resource: "weft:http:request", Parameters: { url: "http://10.0.0.1/" }, End: true } },
};
const CALL_BACK = {
  StartAt: "T",
  States: {
    T: {
      Type: "Task",
      Resource: "weft:event:publish.waitForTaskToken",
      Parameters: { type: "asked", data: { "token.$": "$$.Task.Token" } },
      TimeoutSeconds: 600,
      End: true,
    },
  },
};
const DISTRIBUTED = {
  StartAt: "M",
  States: {
    M: {
      Type: "Map",
      Label: "each",
      ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...PASS },
      ToleratedFailurePercentage: 10,
      MaxConcurrency: 2,
      End: true,
    },
  },
};

async function anOwner() {
  const owner = await aTenant();
  return { owner, aws: await anAwsClient(owner) };
}

async function aMachine(aws: AwsClient, definition: Json, type = "STANDARD"): Promise<string> {
  const name = `m-${crypto.randomUUID().slice(0, 8)}`;
  const { body } = await aws.send("CreateStateMachine", {
    name,
    roleArn: ROLE,
    definition: JSON.stringify(definition),
    type,
  });
  return body.stateMachineArn;
}

async function started(aws: AwsClient, definition: Json, more: JsonObject = {}): Promise<string> {
  const { body } = await aws.send("StartExecution", { stateMachineArn: await aMachine(aws, definition), ...more });
  return body.executionArn;
}

/** The execution, once it looks as wanted. */
function described(aws: AwsClient, executionArn: string, status: string) {
  return eventually(
    async () => (await aws.send("DescribeExecution", { executionArn })).body,
    (body) => body.status === status,
  );
}

async function historyOf(aws: AwsClient, executionArn: string, more: JsonObject = {}) {
  return (await aws.send("GetExecutionHistory", { executionArn, ...more })).body;
}

describe("an execution", () => {
  it("is a run: described the same in both tongues", async () => {
    const { owner, aws } = await anOwner();
    const executionArn = await started(aws, PASS, { input: '{"a":1}' });
    const body = await described(aws, executionArn, "SUCCEEDED");
    expect(body).toMatchObject({
      executionArn,
      input: '{"a":1}',
      inputDetails: { included: true },
      output: '{"a":1}',
      outputDetails: { included: true },
      redriveCount: 0,
      redriveStatus: "NOT_REDRIVABLE",
    });
    expect(body.stopDate).toBeGreaterThanOrEqual(body.startDate);
    // Without a name an execution goes by the id of its run.
    expect(executionArn.endsWith(`:${body.name}`)).toBe(true);
    expect((await owner.call(`/v1/runs/${body.name}`)).body).toMatchObject({ status: "succeeded", output: { a: 1 } });
  });

  it("tells its error and cause", async () => {
    const { aws } = await anOwner();
    const body = await described(aws, await started(aws, FAIL), "FAILED");
    expect(body).toMatchObject({ error: "Broken", cause: "on purpose", redriveStatus: "REDRIVABLE" });
    expect(body).not.toHaveProperty("output");
  });

  it("is found by its ARN also where it was started by our own API", async () => {
    const { owner, aws } = await anOwner();
    const arn = await aMachine(aws, PASS);
    const workflow = arn.slice(arn.lastIndexOf(":") + 1);
    const { body: run } = await owner.call(`/v1/workflows/${workflow}/runs`, { body: { name: "by-rest", input: 5 } });
    const executionArn = `${arn.replace(":stateMachine:", ":execution:")}:by-rest`;
    expect(await described(aws, executionArn, "SUCCEEDED")).toMatchObject({ name: run.name, input: "5" });
  });

  it("tells the version and the alias by which it was started, where it was", async () => {
    const { aws } = await anOwner();
    const stateMachineArn = await aMachine(aws, PASS);
    const { stateMachineVersionArn } = (await aws.send("PublishStateMachineVersion", { stateMachineArn })).body;
    const routingConfiguration = [{ stateMachineVersionArn, weight: 100 }];
    const alias = await aws.send("CreateStateMachineAlias", { name: "live", routingConfiguration });
    const { stateMachineAliasArn } = alias.body;
    const describe = async (arn: string) => {
      const { executionArn } = (await aws.send("StartExecution", { stateMachineArn: arn })).body;
      const { body } = await aws.send("DescribeExecution", { executionArn });
      return [body.stateMachineArn, body.stateMachineVersionArn, body.stateMachineAliasArn];
    };
    expect(await describe(stateMachineArn)).toEqual([stateMachineArn, undefined, undefined]);
    expect(await describe(stateMachineVersionArn)).toEqual([stateMachineArn, stateMachineVersionArn, undefined]);
    expect(await describe(stateMachineAliasArn)).toEqual([
      stateMachineArn,
      stateMachineVersionArn,
      stateMachineAliasArn,
    ]);
    const byAlias = await eventually(
      async () => (await aws.send("ListExecutions", { stateMachineArn: stateMachineAliasArn })).body.executions,
      (executions) => executions.length > 0,
    );
    expect(byAlias).toHaveLength(1);
  });

  it("reads its own ARN and its machine's in its context object, whichever door started it", async () => {
    const { owner, aws } = await anOwner();
    const told = { "execution.$": "$$.Execution.Id", "machine.$": "$$.StateMachine.Id" };
    const definition = { StartAt: "P", States: { P: { Type: "Pass", Parameters: told, End: true } } };
    const machine = await aMachine(aws, definition);
    const { executionArn } = (await aws.send("StartExecution", { stateMachineArn: machine, name: "theirs" })).body;
    const { output } = await described(aws, executionArn, "SUCCEEDED");
    expect(JSON.parse(output)).toEqual({ execution: executionArn, machine });
    const workflow = machine.slice(machine.lastIndexOf(":") + 1);
    const { body: run } = await owner.call(`/v1/workflows/${workflow}/runs?wait=5`, { body: { name: "ours" } });
    expect(run.output).toEqual({ execution: executionArn.replace(/theirs$/, "ours"), machine });
  });

  it("with a name is started once while it runs, and the name is spent after its end", async () => {
    const { aws } = await anOwner();
    const open = { stateMachineArn: await aMachine(aws, WAIT), name: "one", input: '{"a":1}' };
    const first = await aws.send("StartExecution", open);
    expect((await aws.send("StartExecution", open)).body).toEqual(first.body);
    const other = await aws.send("StartExecution", { ...open, input: '{"a":2}' });
    expect(other).toMatchObject({ status: 400, body: { __type: "ExecutionAlreadyExists" } });

    const ended = { stateMachineArn: await aMachine(aws, PASS), name: "one" };
    const { body } = await aws.send("StartExecution", ended);
    await described(aws, body.executionArn, "SUCCEEDED");
    expect((await aws.send("StartExecution", ended)).body.__type).toBe("ExecutionAlreadyExists");
  });

  it("is stopped, and stopping it again answers the same", async () => {
    const { aws } = await anOwner();
    const executionArn = await started(aws, WAIT);
    const stopped = await aws.send("StopExecution", { executionArn, error: "Enough", cause: "no need" });
    expect(stopped.body.stopDate).toEqual(expect.any(Number));
    const body = await described(aws, executionArn, "ABORTED");
    expect(body).toMatchObject({ error: "Enough", cause: "no need", stopDate: stopped.body.stopDate });
    expect((await aws.send("StopExecution", { executionArn })).body).toEqual(stopped.body);
  });

  it("is redriven after a failure only", async () => {
    const { aws } = await anOwner();
    const executionArn = await started(aws, FAIL);
    await described(aws, executionArn, "FAILED");
    expect((await aws.send("RedriveExecution", { executionArn })).body.redriveDate).toEqual(expect.any(Number));
    expect((await described(aws, executionArn, "FAILED")).redriveCount).toBe(1);
    const good = await started(aws, PASS);
    await described(aws, good, "SUCCEEDED");
    const refused = await aws.send("RedriveExecution", { executionArn: good });
    expect(refused.body.__type).toBe("ExecutionNotRedrivable");
  });

  it.each([
    ["text that is not JSON", { input: "{" }, "InvalidExecutionInput"],
    ["a name with a slash", { name: "a/b" }, "InvalidName"],
    ["an ARN that is none", { stateMachineArn: "orders" }, "InvalidArn"],
    ["an ARN of something else", { stateMachineArn: "arn:aws:lambda:us-east-1:1:function:f" }, "InvalidArn"],
    [
      "a machine that does not exist",
      { stateMachineArn: "arn:aws:states:us-east-1:1:stateMachine:absent" },
      "StateMachineDoesNotExist",
    ],
  ])("is not started with %s", async (_, flaw, name) => {
    const { aws } = await anOwner();
    const refused = await aws.send("StartExecution", { stateMachineArn: await aMachine(aws, PASS), ...flaw });
    expect(refused).toMatchObject({ status: 400, body: { __type: name } });
  });

  it("says of an input that is nested too deep that it is", async () => {
    const { aws } = await anOwner();
    const input = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    const stateMachineArn = "arn:aws:states:us-east-1:123456789012:stateMachine:any";
    const { body } = await aws.send("StartExecution", { stateMachineArn, input });
    expect(body.__type).toBe("InvalidExecutionInput");
    expect(body.message).toContain("nested too deep");
  });

  it("of another tenant does not exist", async () => {
    const { aws } = await anOwner();
    const executionArn = await started(aws, WAIT, { name: "mine" });
    const unnamed = await started(aws, WAIT);
    const stranger = (await anOwner()).aws;
    for (const arn of [executionArn, unnamed]) {
      for (const action of ["DescribeExecution", "GetExecutionHistory", "StopExecution", "RedriveExecution"]) {
        const answer = await stranger.send(action, { executionArn: arn });
        expect(answer).toMatchObject({ status: 400, body: { __type: "ExecutionDoesNotExist" } });
      }
      expect((await aws.send("DescribeExecution", { executionArn: arn })).body.status).toBe("RUNNING");
    }
    const stateMachineArn = executionArn.replace(":execution:", ":stateMachine:").replace(/:mine$/, "");
    for (const action of ["StartExecution", "DescribeStateMachine", "ListExecutions"]) {
      const answer = await stranger.send(action, { stateMachineArn });
      expect(answer.body.__type).toBe("StateMachineDoesNotExist");
    }
  });

  it("is listed by machine, status and page", async () => {
    const { aws } = await anOwner();
    const stateMachineArn = await aMachine(aws, PASS);
    for (const name of ["a", "b", "c"]) await aws.send("StartExecution", { stateMachineArn, name });
    const list = async (more: JsonObject = {}) =>
      (await aws.send("ListExecutions", { stateMachineArn, ...more })).body as {
        executions: { name: string; status: string }[];
        nextToken?: string;
      };
    const all = await eventually(
      () => list({ statusFilter: "SUCCEEDED" }),
      ({ executions }) => executions.length === 3,
    );
    expect(all.executions.map(({ name }) => name)).toEqual(["c", "b", "a"]);
    const first = await list({ maxResults: 2 });
    const second = await list({ maxResults: 2, nextToken: first.nextToken ?? "" });
    expect([...first.executions, ...second.executions]).toEqual(all.executions);
    expect((await list({ statusFilter: "FAILED" })).executions).toEqual([]);
  });

  it("needs the permission for runs and no other", async () => {
    const { owner, aws } = await anOwner();
    const executionArn = await started(aws, PASS, { name: "seen" });
    await described(aws, executionArn, "SUCCEEDED");
    const stateMachineArn = executionArn.replace(":execution:", ":stateMachine:").replace(/:seen$/, "");
    const reader = await anAwsClient(owner, ["runs:read"]);
    for (const action of ["DescribeExecution", "GetExecutionHistory", "ListMapRuns"]) {
      expect((await reader.send(action, { executionArn })).status).toBe(200);
    }
    expect((await reader.send("ListExecutions", { stateMachineArn })).status).toBe(200);
    for (const action of ["StopExecution", "RedriveExecution"]) {
      expect((await reader.send(action, { executionArn })).body.__type).toBe("AccessDeniedException");
    }
    for (const action of ["StartExecution", "StartSyncExecution", "DescribeStateMachine"]) {
      expect((await reader.send(action, { stateMachineArn })).body.__type).toBe("AccessDeniedException");
    }
    const writer = await anAwsClient(owner, ["runs:write"]);
    expect((await writer.send("StartExecution", { stateMachineArn })).status).toBe(200);
    const express = { stateMachineArn: await aMachine(aws, PASS, "EXPRESS") };
    expect((await writer.send("StartSyncExecution", express)).body.status).toBe("SUCCEEDED");
    expect((await writer.send("DescribeExecution", { executionArn })).body.__type).toBe("AccessDeniedException");
  });

  it("of an Express machine answers in one request", async () => {
    const { aws } = await anOwner();
    const good = { stateMachineArn: await aMachine(aws, PASS, "EXPRESS"), input: '{"x":1}' };
    expect((await aws.send("StartSyncExecution", good)).body).toMatchObject({
      status: "SUCCEEDED",
      output: '{"x":1}',
      billingDetails: { billedDurationInMilliseconds: expect.any(Number) },
    });
    const bad = { stateMachineArn: await aMachine(aws, FAIL, "EXPRESS") };
    expect((await aws.send("StartSyncExecution", bad)).body).toMatchObject({ status: "FAILED", error: "Broken" });
    const standard = { stateMachineArn: await aMachine(aws, PASS) };
    expect((await aws.send("StartSyncExecution", standard)).body.__type).toBe("StateMachineTypeNotSupported");
  });
});

describe("a history", () => {
  it("tells every step in the service's shapes", async () => {
    const { aws } = await anOwner();
    const executionArn = await started(aws, PASS, { input: "[1]" });
    await described(aws, executionArn, "SUCCEEDED");
    const truncated = false;
    expect((await historyOf(aws, executionArn)).events).toEqual([
      {
        id: 1,
        previousEventId: 0,
        timestamp: expect.any(Number),
        type: "ExecutionStarted",
        executionStartedEventDetails: { input: "[1]", inputDetails: { truncated }, roleArn: ROLE },
      },
      {
        id: 2,
        previousEventId: 0,
        timestamp: expect.any(Number),
        type: "PassStateEntered",
        stateEnteredEventDetails: { name: "P", input: "[1]", inputDetails: { truncated } },
      },
      {
        id: 3,
        previousEventId: 2,
        timestamp: expect.any(Number),
        type: "PassStateExited",
        stateExitedEventDetails: {
          name: "P",
          output: "[1]",
          outputDetails: { truncated },
          assignedVariables: { n: "7" },
          assignedVariablesDetails: { truncated },
        },
      },
      {
        id: 4,
        previousEventId: 3,
        timestamp: expect.any(Number),
        type: "ExecutionSucceeded",
        executionSucceededEventDetails: { output: "[1]", outputDetails: { truncated } },
      },
    ]);
  });

  it("names the resource of a task with each of its events, on any page", async () => {
    const { aws } = await anOwner();
    const executionArn = await started(aws, FORBIDDEN);
    await described(aws, executionArn, "FAILED");
    const { events } = await historyOf(aws, executionArn);
    const head = { resourceType: "weft:http", resource: "request" };
    const scheduled = { ...head, region: "us-east-1", parameters: '{"url":"http://10.0.0.1/"}' };
    expect(events[2]).toMatchObject({ type: "TaskScheduled", taskScheduledEventDetails: scheduled });
    expect(events[3]).toMatchObject({ type: "TaskStarted", taskStartedEventDetails: head });
    const failed = { ...head, error: "Weft.ForbiddenTarget" };
    expect(events[4]).toMatchObject({ type: "TaskFailed", taskFailedEventDetails: failed });
    const pages = [];
    let nextToken: string | undefined;
    do {
      const page = await historyOf(aws, executionArn, { maxResults: 1, ...(nextToken !== undefined && { nextToken }) });
      pages.push(...page.events);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(pages).toEqual(events);
  });

  it("is read backwards, and without its data when asked so", async () => {
    const { aws } = await anOwner();
    const executionArn = await started(aws, PASS);
    await described(aws, executionArn, "SUCCEEDED");
    const forward = (await historyOf(aws, executionArn)).events;
    expect((await historyOf(aws, executionArn, { reverseOrder: true })).events).toEqual(forward.toReversed());
    const bare = (await historyOf(aws, executionArn, { includeExecutionData: false })).events;
    expect(bare[1].stateEnteredEventDetails).toEqual({ name: "P" });
    expect(JSON.stringify(bare)).not.toContain('"input"');
    const wrong = await aws.send("GetExecutionHistory", { executionArn, nextToken: "nonsense" });
    expect(wrong.body.__type).toBe("InvalidToken");
  });

  it("leaves out what only this platform has", async () => {
    const { owner, aws } = await anOwner();
    const executionArn = await started(aws, WAIT, { name: "paused" });
    const [run] = await eventually(
      async () => (await owner.call("/v1/runs")).body.data as { id: string }[],
      (runs) => runs.length > 0,
    );
    await owner.call(`/v1/runs/${run?.id}/pause`, { body: {} });
    expect((await aws.send("DescribeExecution", { executionArn })).body.status).toBe("RUNNING");
    await eventually(
      async () => (await owner.call("/v1/runs?status=paused")).body.data,
      (runs) => runs.length > 0,
    );
    const { stateMachineArn } = (await aws.send("DescribeExecution", { executionArn })).body;
    const listed = (await aws.send("ListExecutions", { stateMachineArn, statusFilter: "RUNNING" })).body.executions;
    expect(listed[0]).toMatchObject({ executionArn, status: "RUNNING" });
    const types = (await historyOf(aws, executionArn)).events.map(({ type }: { type: string }) => type);
    expect(types).toEqual(["ExecutionStarted", "WaitStateEntered"]);
  });
});

describe("a task token", () => {
  async function aToken(aws: AwsClient) {
    const executionArn = await started(aws, CALL_BACK);
    const { events } = await eventually(
      () => historyOf(aws, executionArn),
      (history) => history.events.some(({ type }: { type: string }) => type === "TaskScheduled"),
    );
    const details = events[2].taskScheduledEventDetails;
    return { executionArn, taskToken: JSON.parse(details.parameters).data.token as string };
  }

  it("brings the answer of the outside", async () => {
    const { aws } = await anOwner();
    const { executionArn, taskToken } = await aToken(aws);
    expect(await aws.send("SendTaskHeartbeat", { taskToken })).toMatchObject({ status: 200, body: {} });
    expect((await aws.send("SendTaskSuccess", { taskToken, output: "{" })).body.__type).toBe("InvalidOutput");
    expect(await aws.send("SendTaskSuccess", { taskToken, output: '{"ok":true}' })).toMatchObject({ status: 200 });
    expect((await described(aws, executionArn, "SUCCEEDED")).output).toBe('{"ok":true}');
    const late = await aws.send("SendTaskFailure", { taskToken });
    expect(late.body.__type).toBe("TaskTimedOut");
  });

  it("brings a failure", async () => {
    const { aws } = await anOwner();
    const { executionArn, taskToken } = await aToken(aws);
    await aws.send("SendTaskFailure", { taskToken, error: "No", cause: "never" });
    expect(await described(aws, executionArn, "FAILED")).toMatchObject({ error: "No", cause: "never" });
  });

  it("of another tenant, or of nobody, is not known", async () => {
    const { taskToken } = await aToken((await anOwner()).aws);
    const { aws } = await anOwner();
    for (const token of [taskToken, "nonsense"]) {
      const answer = await aws.send("SendTaskSuccess", { taskToken: token, output: "1" });
      expect(answer).toMatchObject({ status: 400, body: { __type: "InvalidToken" } });
    }
  });
});

describe("a map run", () => {
  it("is listed and described, and its executions are listed", async () => {
    const { aws } = await anOwner();
    const executionArn = await started(aws, DISTRIBUTED, { input: "[1,2,3]" });
    await described(aws, executionArn, "SUCCEEDED");
    const [listed] = (await aws.send("ListMapRuns", { executionArn })).body.mapRuns;
    const { mapRunArn } = listed;
    expect(mapRunArn).toMatch(/:mapRun:m-\w+\/each:/);
    const history = await historyOf(aws, executionArn);
    const event = history.events.find(({ type }: { type: string }) => type === "MapRunStarted");
    expect(event.mapRunStartedEventDetails).toEqual({ mapRunArn });
    expect((await aws.send("DescribeMapRun", { mapRunArn })).body).toMatchObject({
      mapRunArn,
      executionArn,
      status: "SUCCEEDED",
      maxConcurrency: 2,
      toleratedFailurePercentage: 10,
      itemCounts: { total: 3, succeeded: 3, failed: 0, running: 0 },
      executionCounts: { total: 3, succeeded: 3 },
    });
    const { executions } = await eventually(
      async () => (await aws.send("ListExecutions", { mapRunArn })).body,
      (page) => page.executions.length === 3,
    );
    const filtered = async (redriveFilter: string) =>
      (await aws.send("ListExecutions", { mapRunArn, redriveFilter })).body.executions.length;
    expect(await filtered("NOT_REDRIVEN")).toBe(3);
    expect(await filtered("REDRIVEN")).toBe(0);
    const { stateMachineArn } = listed;
    const refused = await aws.send("ListExecutions", { stateMachineArn, redriveFilter: "REDRIVEN" });
    expect(refused.body.__type).toBe("ValidationException");
    const child = await described(aws, executions[0].executionArn, "SUCCEEDED");
    expect(["1", "2", "3"]).toContain(child.input);
    const absent = await aws.send("DescribeMapRun", { mapRunArn: `${mapRunArn}0` });
    expect(absent.body.__type).toBe("ResourceNotFound");
  });

  it("with a ResultWriter says how many results are written", async () => {
    const { aws } = await anOwner();
    const ResultWriter = { Resource: "arn:aws:states:::s3:putObject", Parameters: { Bucket: "data", Prefix: "out" } };
    const definition = { StartAt: "M", States: { M: { ...DISTRIBUTED.States.M, ResultWriter } } };
    const executionArn = await started(aws, definition, { input: "[1,2,3]" });
    await described(aws, executionArn, "SUCCEEDED");
    const [{ mapRunArn }] = (await aws.send("ListMapRuns", { executionArn })).body.mapRuns;
    const { itemCounts, executionCounts } = (await aws.send("DescribeMapRun", { mapRunArn })).body;
    expect([itemCounts.resultsWritten, executionCounts.resultsWritten]).toEqual([3, 3]);
  });

  it("takes another pace and tolerance while it runs, and not after its end", async () => {
    const { aws } = await anOwner();
    const { M } = DISTRIBUTED.States;
    const slow = { ...M, MaxConcurrency: 1, ItemProcessor: { ...M.ItemProcessor, ...WAIT } };
    const executionArn = await started(aws, { StartAt: "M", States: { M: slow } }, { input: "[1,2,3]" });
    const [{ mapRunArn }] = await eventually(
      async () => (await aws.send("ListMapRuns", { executionArn })).body.mapRuns,
      (mapRuns) => mapRuns.length > 0,
    );
    const children = async () => (await aws.send("ListExecutions", { mapRunArn })).body.executions as Json[];
    await eventually(children, (executions) => executions.length === 1);
    const change = { maxConcurrency: 3, toleratedFailureCount: 1, toleratedFailurePercentage: 50 };
    expect((await aws.send("UpdateMapRun", { mapRunArn, ...change })).status).toBe(200);
    expect((await aws.send("DescribeMapRun", { mapRunArn })).body).toMatchObject({ status: "RUNNING", ...change });
    await eventually(children, (executions) => executions.length === 3);
    await aws.send("StopExecution", { executionArn });
    expect((await aws.send("DescribeMapRun", { mapRunArn })).body.status).toBe("ABORTED");
    const types = (await historyOf(aws, executionArn)).events.map(({ type }: { type: string }) => type);
    expect(types.slice(-3)).toEqual(["MapRunAborted", "MapStateAborted", "ExecutionAborted"]);
    expect((await aws.send("UpdateMapRun", { mapRunArn, ...change })).body.__type).toBe("ValidationException");
  });
});
