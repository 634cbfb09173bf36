import { describe, expect, it } from "vitest";
import { parseResource } from "../../../../domain/workflows/definition/resource.ts";

describe("a resource", () => {
  it.each([
    ["arn:aws:lambda:us-east-1:123456789012:function:work", "function", "work", "", "request"],
    ["arn:aws:lambda:us-east-1:123456789012:function:work:$LATEST", "function", "work", "", "request"],
    ["arn:aws:states:us-east-1:123456789012:activity:act", "activity", "act", "", "request"],
    ["arn:aws:states:::lambda:invoke", "integration", "lambda", "invoke", "request"],
    ["arn:aws:states:::lambda:invoke.waitForTaskToken", "integration", "lambda", "invoke", "waitForTaskToken"],
    ["arn:aws:states:::batch:submitJob.sync", "integration", "batch", "submitJob", "sync"],
    ["arn:aws:states:::states:startExecution.sync:2", "integration", "states", "startExecution", "sync:2"],
    ["arn:aws:states:::aws-sdk:dynamodb:query", "integration", "aws-sdk:dynamodb", "query", "request"],
    ["arn:aws:swf:us-east-1:123456789012:task:X", "other", "swf", "task:X", "request"],
    ["weft:knowledge:answer", "weft", "knowledge", "answer", "request"],
    ["weft:review:request.waitForTaskToken", "weft", "review", "request", "waitForTaskToken"],
    ["weft:run:start.sync", "weft", "run", "start", "sync"],
  ])("%s is a %s", (uri, kind, service, action, pattern) => {
    expect(parseResource(uri)).toEqual({ uri, kind, service, action, pattern });
  });

  it.each([
    "",
    "work",
    "arn:aws:states:::dynamodb:query",
    "arn:aws:states:::nope:invoke",
    "arn:aws:states:::lambda:invoke.later",
    "arn:aws:states:::aws-sdk:dynamodb:query.sync",
    "arn:aws:lambda:us-east-1:123456789012:layer:x",
    "weft:llm:sing",
    "weft:llm:chat.sync",
    "weft:llm",
    `arn:aws:swf:us-east-1:123456789012:${"x".repeat(2_000)}`,
  ])("%.60s is not one", (uri) => {
    expect(parseResource(uri)).toBeNull();
  });
});
