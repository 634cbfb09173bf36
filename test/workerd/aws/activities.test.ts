import { describe, expect, it } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { eventually } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { type AwsClient, anAwsClient } from "./an-aws-client.ts";

async function anOwner(): Promise<AwsClient> {
  return anAwsClient(await aTenant());
}

async function anActivity(aws: AwsClient, name = "press"): Promise<string> {
  return (await aws.send("CreateActivity", { name })).body.activityArn;
}

/** An execution of a machine that has one state: the activity's task. */
async function started(aws: AwsClient, activityArn: string, input: Json = {}): Promise<string> {
  const task = { Type: "Task", Resource: activityArn, TimeoutSeconds: 600, HeartbeatSeconds: 60, End: true };
  const { body: machine } = await aws.send("CreateStateMachine", {
    name: `m-${crypto.randomUUID().slice(0, 8)}`,
    roleArn: "arn:aws:iam::123456789012:role/states",
    definition: JSON.stringify({ StartAt: "T", States: { T: task } }),
  });
  const { stateMachineArn } = machine;
  const { body } = await aws.send("StartExecution", { stateMachineArn, input: JSON.stringify(input) });
  return body.executionArn;
}

function described(aws: AwsClient, executionArn: string, status: string) {
  return eventually(
    async () => (await aws.send("DescribeExecution", { executionArn })).body,
    (body) => body.status === status,
  );
}

describe("an activity", () => {
  it("is made once, described, listed page by page, tagged and deleted", async () => {
    const aws = await anOwner();
    const first = await aws.send("CreateActivity", { name: "a.1", tags: [{ key: "team", value: "print" }] });
    expect(first.body).toEqual({
      activityArn: expect.stringMatching(/^arn:aws:states:us-east-1:\d{12}:activity:a\.1$/),
      creationDate: expect.any(Number),
    });
    expect((await aws.send("CreateActivity", { name: "a.1" })).body).toEqual(first.body);
    const { activityArn } = first.body;
    expect((await aws.send("DescribeActivity", { activityArn })).body).toEqual({ ...first.body, name: "a.1" });

    await anActivity(aws, "b");
    const page = await aws.send("ListActivities", { maxResults: 1 });
    expect(page.body.activities.map(({ name }: { name: string }) => name)).toEqual(["a.1"]);
    const rest = await aws.send("ListActivities", { maxResults: 1, nextToken: page.body.nextToken });
    expect(rest.body).toMatchObject({ activities: [{ name: "b" }] });
    expect(rest.body.nextToken).toBeUndefined();

    await aws.send("TagResource", { resourceArn: activityArn, tags: [{ key: "room", value: "2" }] });
    await aws.send("UntagResource", { resourceArn: activityArn, tagKeys: ["team"] });
    const { body: tagged } = await aws.send("ListTagsForResource", { resourceArn: activityArn });
    expect(tagged.tags).toEqual([{ key: "room", value: "2" }]);

    expect((await aws.send("DeleteActivity", { activityArn })).body).toEqual({});
    expect((await aws.send("DeleteActivity", { activityArn })).body).toEqual({});
    expect((await aws.send("DescribeActivity", { activityArn })).body.__type).toBe("ActivityDoesNotExist");
  });

  it("refuses names and ARNs that are none, and is unknown to other tenants", async () => {
    const aws = await anOwner();
    const activityArn = await anActivity(aws);
    expect((await aws.send("CreateActivity", { name: "a b" })).body.__type).toBe("InvalidName");
    expect((await aws.send("DescribeActivity", { activityArn: "press" })).body.__type).toBe("InvalidArn");
    const other = await anOwner();
    for (const action of ["DescribeActivity", "GetActivityTask"]) {
      expect((await other.send(action, { activityArn })).body.__type).toBe("ActivityDoesNotExist");
    }
    const reader = await anAwsClient(await aTenant(), ["workflows:read"]);
    expect((await reader.send("CreateActivity", { name: "press" })).status).toBe(400);
    expect((await reader.send("CreateActivity", { name: "press" })).body.__type).toBe("AccessDeniedException");
  });
});

describe("a task of an activity", () => {
  it("goes to the worker that waits for it, and ends with the worker's answer", async () => {
    const aws = await anOwner();
    const activityArn = await anActivity(aws);
    const polled = aws.send("GetActivityTask", { activityArn, workerName: "ada" });
    const executionArn = await started(aws, activityArn, { pages: 3 });
    const { body: task } = await polled;
    expect(task).toEqual({ taskToken: expect.any(String), input: '{"pages":3}' });
    expect((await aws.send("SendTaskHeartbeat", { taskToken: task.taskToken })).body).toEqual({});
    const answer = { taskToken: task.taskToken, output: '{"printed":true}' };
    expect((await aws.send("SendTaskSuccess", answer)).body).toEqual({});
    expect((await described(aws, executionArn, "SUCCEEDED")).output).toBe('{"printed":true}');
    expect((await aws.send("SendTaskSuccess", answer)).body.__type).toBe("TaskTimedOut");

    const { body: history } = await aws.send("GetExecutionHistory", { executionArn });
    const events = history.events.filter(({ type }: { type: string }) => type.startsWith("Activity"));
    expect(events).toMatchObject([
      {
        type: "ActivityScheduled",
        activityScheduledEventDetails: {
          resource: activityArn,
          input: '{"pages":3}',
          timeoutInSeconds: 600,
          heartbeatInSeconds: 60,
        },
      },
      { type: "ActivityStarted", activityStartedEventDetails: { workerName: "ada" } },
      { type: "ActivitySucceeded", activitySucceededEventDetails: { output: '{"printed":true}' } },
    ]);
  });

  it("is handed out once, oldest first, and not after its run has ended", async () => {
    const aws = await anOwner();
    const activityArn = await anActivity(aws);
    const stopped = await started(aws, activityArn, 0);
    await started(aws, activityArn, 1);
    await started(aws, activityArn, 2);
    await aws.send("StopExecution", { executionArn: stopped });
    const inputs: string[] = [];
    for (let i = 0; i < 2; i++) inputs.push((await aws.send("GetActivityTask", { activityArn })).body.input);
    expect(inputs.sort()).toEqual(["1", "2"]);
    const last = aws.send("GetActivityTask", { activityArn });
    await started(aws, activityArn, 3);
    expect((await last).body.input).toBe("3");
  });

  it("fails with the worker's error, and at once where there is no such activity", async () => {
    const aws = await anOwner();
    const activityArn = await anActivity(aws);
    const executionArn = await started(aws, activityArn);
    const { body: task } = await aws.send("GetActivityTask", { activityArn });
    await aws.send("SendTaskFailure", { taskToken: task.taskToken, error: "Jam", cause: "paper" });
    expect(await described(aws, executionArn, "FAILED")).toMatchObject({ error: "Jam", cause: "paper" });
    const nowhere = await started(aws, activityArn.replace(":press", ":missing"));
    expect(await described(aws, nowhere, "FAILED")).toMatchObject({
      error: "States.Runtime",
      cause: expect.stringContaining("does not exist"),
    });
  });
});
