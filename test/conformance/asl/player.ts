import { isJsonObject, type Json, type JsonObject } from "../../../domain/kernel/json.ts";
import type { Machine } from "../../../domain/workflows/definition/machine.ts";
import type { Chance } from "../../../domain/workflows/expression/scope.ts";
import { childInput, childMachine } from "../../../domain/workflows/run/child-run.ts";
import type { RunCommand } from "../../../domain/workflows/run/command.ts";
import { decide } from "../../../domain/workflows/run/decide.ts";
import { type Effect, nextTimerAt, type TaskEffect } from "../../../domain/workflows/run/effects.ts";
import type { ChildOutcome, RunEvent } from "../../../domain/workflows/run/event.ts";
import { readItems } from "../../../domain/workflows/run/item-reader.ts";
import { initialState, type RunState } from "../../../domain/workflows/run/state.ts";
import { type TestStateAnswer, testState } from "../../../domain/workflows/run/test-state.ts";
import type { TestStateRequest } from "../../../domain/workflows/run/test-state-request.ts";
import type { Case, RecordedTask } from "./cases.ts";
import { looksLike } from "./compare.ts";
import type { Played } from "./played.ts";

// Runs one recorded execution: the engine under test, a clock that jumps to the next timer, and recorded answers.


/** More than any recorded execution takes. */
const MAX_DECISIONS = 2_000;

export function fakeChance(start = Date.UTC(2026, 0, 1)): Chance & { now(): Date; time: number } {
  let serial = 0;
  return {
    time: start,
    now() {
      return new Date(this.time);
    },
    random: () => 0.5,
    uuid: () => `00000000-0000-4000-8000-${String(++serial).padStart(12, "0")}`,
  };
}

export async function play(recorded: Case, machine: Machine): Promise<Played> {
  const answers = new Answers(recorded);
  return await playMachine(machine, recorded.input ?? {}, recorded, answers, fakeChance());
}

async function playMachine(
  machine: Machine,
  input: Json,
  recorded: Case,
  answers: Answers,
  chance: ReturnType<typeof fakeChance>,
): Promise<Played> {
  let state = initialState();
  const events: RunEvent[] = [];
  const commands: RunCommand[] = [
    {
      type: "StartRun",
      input,
      runId: "arn:aws:states:us-east-1:111111111111:execution:machine:run",
      name: "run",
      roleArn: "snf_role_arn",
      stateMachine: { id: "arn:aws:states:us-east-1:111111111111:stateMachine:machine", name: "machine" },
      machineType: recorded.type ?? "STANDARD",
    },
  ];
  for (let decisions = 0; decisions < MAX_DECISIONS; decisions++) {
    const command = commands.shift() ?? timerCommand(state, chance);
    if (command === null) break;
    const decision = await decide(machine, state, command, chance);
    state = decision.state;
    events.push(...decision.events);
    for (const effect of decision.effects) {
      commands.push(...(await answer(effect, machine, state, recorded, answers, chance)));
    }
  }
  return { state, events };
}

function timerCommand(state: RunState, chance: { time: number }): RunCommand | null {
  const at = nextTimerAt(state);
  if (at === null) return null;
  chance.time = Math.max(chance.time, at);
  return { type: "TimersDue" };
}

async function answer(
  effect: Effect,
  machine: Machine,
  state: RunState,
  recorded: Case,
  answers: Answers,
  chance: ReturnType<typeof fakeChance>,
): Promise<RunCommand[]> {
  switch (effect.kind) {
    case "task":
      return answers.to(effect);
    case "continue":
      return [{ type: "Continue" }];
    case "readItems": {
      const reader = effect.settings.reader;
      const { Bucket, Key, Prefix } = isJsonObject(reader?.arguments) ? reader.arguments : {};
      const bucket = recorded.s3?.[String(Bucket)] ?? {};
      if (reader?.resource.endsWith(":listObjectsV2")) {
        return [{ type: "ItemsRead", key: effect.key, items: listed(bucket, Prefix) }];
      }
      const text = bucket[String(Key)];
      if (reader === undefined || text === undefined) return [{ type: "ItemsReadFailed", key: effect.key }];
      const read = readItems(text, reader);
      return "items" in read
        ? [{ type: "ItemsRead", key: effect.key, items: read.items }]
        : [{ type: "ItemsReadFailed", key: effect.key, ...read.failure }];
    }
    case "startChildren": {
      const children: ChildOutcome[] = [];
      const child = childMachine(machine, effect.state);
      for (const index of effect.indexes) {
        const begin = await childInput(machine, state, effect.key, index, chance);
        if (child === null || begin === null) throw new Error("a child without a machine");
        if ("failure" in begin) children.push({ index, status: "failed", ...begin.failure });
        else {
          const played = await playMachine(child, begin.input, recorded, answers, chance);
          children.push(outcome(index, played.state));
        }
      }
      return [{ type: "ChildrenFinished", key: effect.key, children }];
    }
    case "writeResultFile": {
      const { key, number } = effect;
      return [{ type: "ResultFileWritten", key, number, file: { Key: `SUCCEEDED_${number}.json`, Size: 0 } }];
    }
    case "writeResults": {
      const { Bucket, Prefix } = isJsonObject(effect.settings.writer?.arguments) ? effect.settings.writer.arguments : {};
      const Key = `${Prefix}/00000000-0000-4000-8000-000000000000/manifest.json`;
      const output = { MapRunArn: effect.key, ResultWriterDetails: { Bucket: Bucket ?? null, Key } };
      return [{ type: "ResultsWritten", key: effect.key, output }];
    }
    case "cancelTask":
    case "cancelChildren":
      return [];
  }
}

/** What S3 tells of objects; their times and tags cannot be known. */
function listed(bucket: Readonly<Record<string, string>>, prefix: Json | undefined): Json[] {
  const keys = Object.keys(bucket).sort();
  return keys
    .filter((key) => key.startsWith(typeof prefix === "string" ? prefix : ""))
    .map((Key) => ({ Etag: "", Key, LastModified: 0, Size: bucket[Key]?.length ?? 0, StorageClass: "STANDARD" }));
}

function outcome(index: number, { status, output, error, cause }: RunState): ChildOutcome {
  if (status === "succeeded") return { index, status, output: output ?? null };
  return { index, status: "failed", ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
}

/** Tests one recorded state; a function's answer that was not recorded is taken from the result that was. */
export async function playState(recorded: Case): Promise<TestStateAnswer> {
  const request: TestStateRequest = {
    definition: recorded.definition ?? null,
    input: recorded.input ?? {},
    ...(recorded.stateName !== undefined && { stateName: recorded.stateName }),
    ...(recorded.inspectionLevel !== undefined && { inspectionLevel: recorded.inspectionLevel }),
    ...(isJsonObject(recorded.context) && { context: recorded.context }),
    ...(isJsonObject(recorded.variables) && { variables: recorded.variables }),
    ...(recorded.stateConfiguration !== undefined && { configuration: recorded.stateConfiguration }),
    ...mockOf(recorded.mock),
  };
  const first = await testState(request, fakeChance());
  if (first.kind !== "task") return first;
  const result = recorded.expect.inspectionData?.result ?? recorded.expect.output ?? null;
  return await testState({ ...request, mock: { result } }, fakeChance());
}

function mockOf(mock: JsonObject | undefined): Pick<TestStateRequest, "mock"> {
  if (mock === undefined) return {};
  if (typeof mock.result === "string") return { mock: { result: JSON.parse(mock.result) as Json } };
  const { error, cause } = isJsonObject(mock.errorOutput) ? mock.errorOutput : {};
  const failure = {
    ...(typeof error === "string" && { error }),
    ...(typeof cause === "string" && { cause }),
  };
  return { mock: { failure } };
}

/** Recorded calls, each used once; then what the case says its functions do. */
class Answers {
  readonly #recorded: Case;
  readonly #unused: RecordedTask[];

  constructor(recorded: Case) {
    this.#recorded = recorded;
    this.#unused = [...(recorded.tasks ?? [])];
  }

  to(task: TaskEffect): RunCommand[] {
    // A recorded activity had its worker.
    const started: RunCommand[] = /:activity:/.test(task.resource)
      ? [{ type: "TaskStarted", task: { key: task.key } }]
      : [];
    return [...started, ...this.#answer(task)];
  }

  #answer(task: TaskEffect): RunCommand[] {
    const call = this.#take(task);
    const ref = { key: task.key };
    if (call === null) return this.#handle(task);
    if (call.pending === true) return [];
    const submitted: RunCommand[] = /\.(sync|sync:2|waitForTaskToken)$/.test(task.resource)
      ? [{ type: "TaskSubmitted", task: ref }]
      : [];
    if (call.timeout === true) return submitted;
    if ("output" in call) return [...submitted, { type: "TaskSucceeded", task: ref, output: call.output ?? null }];
    return [
      ...submitted,
      {
        type: "TaskFailed",
        task: ref,
        ...(typeof call.error === "string" && { error: call.error }),
        ...(typeof call.cause === "string" && { cause: call.cause }),
      },
    ];
  }

  #take({ state, input }: TaskEffect): RecordedTask | null {
    const ofState = this.#unused.filter((call) => call.state === state);
    const call = ofState.find((one) => looksLike(one.parameters ?? one.input ?? null, input)) ?? ofState[0];
    if (call === undefined) return null;
    this.#unused.splice(this.#unused.indexOf(call), 1);
    return call;
  }

  #handle(task: TaskEffect): RunCommand[] {
    const isInvoke = task.resource.endsWith(":::lambda:invoke");
    const request: JsonObject = isJsonObject(task.input) ? task.input : {};
    const name = isInvoke ? String(request.FunctionName) : task.resource;
    const payload = isInvoke ? (request.Payload ?? {}) : task.input;
    const handler = Object.entries(this.#recorded.lambdaHandlers ?? {}).find(([key]) => name.includes(key))?.[1];
    const ref = { key: task.key };
    switch (handler) {
      case "id_function":
      case "echo_function":
        return [{ type: "TaskSucceeded", task: ref, output: isInvoke ? envelope(payload) : payload }];
      case "wait_60_seconds":
        return [];
      case "raise_exception":
        return [{ type: "TaskFailed", task: ref, error: "Exception", cause: "{}" }];
      default:
        throw new Error(`no recorded answer for ${task.state} (${task.resource})`);
    }
  }
}

function envelope(payload: Json): Json {
  return { ExecutedVersion: "$LATEST", Payload: payload, SdkHttpMetadata: {}, SdkResponseMetadata: {}, StatusCode: 200 };
}
