import type { Json, JsonObject } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import { type Problem, problem } from "../../domain/kernel/problem.ts";
import { DEFAULT_LIMITS } from "../../domain/workflows/run/event.ts";
import { type TestedState, type TestStateAnswer, testState as test } from "../../domain/workflows/run/test-state.ts";
import type { TestStateRequest } from "../../domain/workflows/run/test-state-request.ts";
import type { TestState } from "../../domain/workflows/state-test.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { performTask } from "./perform-task.ts";
import { invalidDefinition } from "./put-workflow.ts";

// AWS: a test ends after five minutes.
const TIMEOUT_MS = 300_000;

/**
 * Tells what one state does with an input. Without a mock its task is really performed, so this needs the permission to run;
 * what would wait for somebody cannot be tested without a mock.
 */
export async function testState(ctx: ServiceContext, input: TestState): Promise<TestedState> {
  requirePermission(ctx, "runs:write");
  const request = requestOf(input);
  const chance = {
    now: () => new Date(ctx.clock.now()),
    random: () => ctx.random.next(),
    uuid: () => uuidOf(ctx.random.bytes(16)),
  };
  const answer = await test(request, chance);
  if (answer.kind !== "task") return tested(answer);
  return tested(await test({ ...request, mock: await performed(ctx, answer) }, chance));
}

function requestOf(input: TestState): TestStateRequest {
  const { stateName, roleArn, inspectionLevel, stateConfiguration: configuration } = input;
  return {
    definition: jsonOf(input.definition, "/definition"),
    input: input.input ?? {},
    ...(stateName !== undefined && { stateName }),
    ...(roleArn !== undefined && { roleArn }),
    ...(input.variables !== undefined && { variables: objectOf(input.variables, "/variables") }),
    ...(input.context !== undefined && { context: objectOf(input.context, "/context") }),
    ...(input.mock !== undefined && { mock: mockOf(input.mock) }),
    ...(configuration !== undefined && {
      configuration: {
        ...(configuration.retrierRetryCount !== undefined && { retrierRetryCount: configuration.retrierRetryCount }),
        ...(configuration.mapIterationFailureCount !== undefined && {
          mapIterationFailureCount: configuration.mapIterationFailureCount,
        }),
      },
    }),
    ...(inspectionLevel !== undefined && { inspectionLevel }),
  };
}

function mockOf({ result, errorOutput }: NonNullable<TestState["mock"]>): NonNullable<TestStateRequest["mock"]> {
  if (result !== undefined) return { result: jsonOf(result, "/mock/result") };
  const { error, cause } = errorOutput ?? {};
  return { failure: { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) } };
}

async function performed(
  ctx: ServiceContext,
  { resource, input }: Extract<TestStateAnswer, { kind: "task" }>,
): Promise<NonNullable<TestStateRequest["mock"]>> {
  if (/\.(waitForTaskToken|sync|sync:2)$|:activity:/.test(resource) || resource === "weft:review:request") {
    throw refused("/definition", "A task that waits for somebody can only be tested with a mock.");
  }
  const runId = ctx.ids.next("run");
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { maxPayloadBytes } = DEFAULT_LIMITS;
  const key = `${runId}/test/1`;
  const call = { runId, key, state: "StateName", resource, input, signal, depth: 0, maxPayloadBytes };
  const outcome = await performTask(ctx, call);
  if (outcome.kind === "failed") return { failure: { error: outcome.error, cause: outcome.cause } };
  return { result: outcome.output };
}

function tested(answer: TestStateAnswer): TestedState {
  switch (answer.kind) {
    case "tested":
      return answer.result;
    case "invalid":
      throw invalidDefinition([...answer.diagnostics]);
    case "refused":
      throw refused(answer.pointer, answer.reason);
    case "task":
      throw new Error("The state asked for its task again.");
  }
}

function refused(pointer: string, detail: string): Problem {
  return problem("validation-failed", { errors: [{ pointer, detail }] });
}

function jsonOf(value: string | Json, pointer: string): Json {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    throw problem("validation-failed", { errors: [{ pointer, detail: "is not JSON" }] });
  }
}

function objectOf(value: string | JsonObject, pointer: string): JsonObject {
  const object = jsonOf(value, pointer);
  if (isJsonObject(object)) return object;
  throw problem("validation-failed", { errors: [{ pointer, detail: "is not an object" }] });
}

/** RFC 9562 section 5.4. */
function uuidOf(bytes: Uint8Array): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
