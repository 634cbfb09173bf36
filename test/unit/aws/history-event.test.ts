import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../domain/kernel/json.ts";
import type { RunEventView } from "../../../domain/workflows/run-view.ts";
import {
  isHistoryEvent,
  resourceParts,
  toHistoryEvent,
} from "../../../workers/http/protocols/aws-step-functions/history-event.ts";

const SCOPE = {
  includeData: true,
  roleArn: "arn:aws:iam::1:role/r",
  mapRunArn: (name: string) => `arn:${name}`,
  resourceOf: () => "arn:aws:states:::sqs:sendMessage",
};
const SENT = { resourceType: "sqs", resource: "sendMessage" };
const truncated = false;

function anEvent(type: string, more: JsonObject = {}): RunEventView {
  return { seq: 9, previousEventId: 8, at: "2026-01-01T00:00:00.250Z", type, state: "S", ...more };
}

describe("an entry of the history as AWS writes it", () => {
  it("has seconds since 1970 and the id of what led to it", () => {
    expect(toHistoryEvent(anEvent("ParallelStateStarted"), SCOPE)).toEqual({
      id: 9,
      previousEventId: 8,
      timestamp: 1_767_225_600.25,
      type: "ParallelStateStarted",
    });
  });

  const failed = { error: "E", cause: "C" };
  it.each<[string, JsonObject, string, JsonObject]>([
    ["ExecutionFailed", failed, "executionFailedEventDetails", failed],
    ["ExecutionAborted", {}, "executionAbortedEventDetails", {}],
    ["ExecutionTimedOut", failed, "executionTimedOutEventDetails", failed],
    ["ExecutionRedriven", { redriveCount: 2 }, "executionRedrivenEventDetails", { redriveCount: 2 }],
    ["TaskStarted", { task: 7 }, "taskStartedEventDetails", SENT],
    [
      "TaskSubmitted",
      { task: 7, output: null },
      "taskSubmittedEventDetails",
      { ...SENT, output: "null", outputDetails: { truncated } },
    ],
    [
      "TaskSucceeded",
      { task: 7, output: "x" },
      "taskSucceededEventDetails",
      { ...SENT, output: '"x"', outputDetails: { truncated } },
    ],
    ["TaskFailed", { task: 7, ...failed }, "taskFailedEventDetails", { ...SENT, ...failed }],
    [
      "TaskTimedOut",
      { task: 7, error: "States.Timeout" },
      "taskTimedOutEventDetails",
      { ...SENT, error: "States.Timeout" },
    ],
    [
      "TaskScheduled",
      {
        resource: "arn:aws:states:::states:startExecution.sync:2",
        input: { a: 1 },
        timeoutInSeconds: 5,
        heartbeatInSeconds: 2,
      },
      "taskScheduledEventDetails",
      {
        resourceType: "states",
        resource: "startExecution.sync:2",
        region: "us-east-1",
        parameters: '{"a":1}',
        timeoutInSeconds: 5,
        heartbeatInSeconds: 2,
      },
    ],
    [
      "LambdaFunctionScheduled",
      { resource: "arn:aws:lambda:r:1:function:f", input: 1, timeoutInSeconds: 3 },
      "lambdaFunctionScheduledEventDetails",
      { resource: "arn:aws:lambda:r:1:function:f", input: "1", inputDetails: { truncated }, timeoutInSeconds: 3 },
    ],
    [
      "LambdaFunctionSucceeded",
      { output: [] },
      "lambdaFunctionSucceededEventDetails",
      { output: "[]", outputDetails: { truncated } },
    ],
    ["LambdaFunctionTimedOut", failed, "lambdaFunctionTimedOutEventDetails", failed],
    ["ActivityStarted", { workerName: "w" }, "activityStartedEventDetails", { workerName: "w" }],
    ["ActivityFailed", failed, "activityFailedEventDetails", failed],
    ["MapStateStarted", { length: 4 }, "mapStateStartedEventDetails", { length: 4 }],
    ["MapIterationFailed", { index: 3, ...failed }, "mapIterationFailedEventDetails", { name: "S", index: 3 }],
    ["MapRunStarted", { mapRun: "m" }, "mapRunStartedEventDetails", { mapRunArn: "arn:m" }],
    ["MapRunFailed", failed, "mapRunFailedEventDetails", failed],
    [
      "EvaluationFailed",
      { ...failed, location: "/Output" },
      "evaluationFailedEventDetails",
      { ...failed, location: "/Output", state: "S" },
    ],
  ])("tells %s in its own details", (type, more, member, details) => {
    const { id: _, previousEventId: __, timestamp: ___, ...told } = toHistoryEvent(anEvent(type, more), SCOPE);
    expect(told).toEqual({ type, [member]: details });
  });

  it.each(["LambdaFunctionStarted", "TaskStateAborted", "MapStateSucceeded", "ParallelStateFailed", "MapRunSucceeded"])(
    "has nothing more to tell of %s",
    (type) => {
      expect(Object.keys(toHistoryEvent(anEvent(type), SCOPE))).toEqual(["timestamp", "type", "id", "previousEventId"]);
    },
  );

  it("keeps errors and causes back with the data", () => {
    const bare = toHistoryEvent(anEvent("TaskFailed", { task: 7, ...failed }), { ...SCOPE, includeData: false });
    expect(bare).toHaveProperty("taskFailedEventDetails", SENT);
  });

  it.each([
    ["arn:aws:states:::lambda:invoke.waitForTaskToken", "lambda", "invoke.waitForTaskToken"],
    ["arn:aws:states:::aws-sdk:dynamodb:getItem", "aws-sdk:dynamodb", "getItem"],
    ["weft:run:start.sync", "weft:run", "start.sync"],
  ])("takes %s apart", (resource, resourceType, last) => {
    expect(resourceParts(resource)).toEqual({ resourceType, resource: last });
  });

  it("knows which entries AWS has no word for", () => {
    const types = ["RunPaused", "ReviewRequested", "RunItemsRead", "TaskScheduled", "ExecutionStarted"];
    expect(types.filter((type) => isHistoryEvent(anEvent(type)))).toEqual(["TaskScheduled", "ExecutionStarted"]);
  });
});
