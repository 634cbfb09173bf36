import { describe, expect, it } from "vitest";
import { nextTimerAt } from "../../../../domain/workflows/run/effects.ts";
import { START_MS, World } from "./world.ts";

const TASK = { Type: "Task", Resource: "weft:function:call", Parameters: { name: "f" } };

function one(state: object): World {
  return new World({
    StartAt: "T",
    States: {
      T: { ...TASK, ...state, Next: "After" },
      After: { Type: "Succeed" },
      Caught: { Type: "Pass", End: true },
    },
  });
}

// Every definition must reach Caught, or the validator refuses it.
const CATCH = [{ ErrorEquals: ["States.ALL"], ResultPath: "$.problem", Next: "Caught" }];

describe("a task", () => {
  it("is handed over once, with what it needs, and its answer goes on at once", async () => {
    const world = one({ Catch: CATCH });
    await world.start();
    expect(world.open).toEqual([
      { kind: "task", key: "0/T/3", state: "T", resource: "weft:function:call", input: { name: "f" } },
    ]);
    await world.succeed("T", { ok: true });
    expect(world.state).toMatchObject({ status: "succeeded", output: { ok: true } });
  });

  it("has the context object built for an expression that looks at it, and for no other", async () => {
    const builds = async (outputPath: object) => {
      const world = one({ ...outputPath, Catch: CATCH });
      await world.start();
      const { stateMachine } = world.state;
      let reads = 0;
      Object.defineProperty(world.state, "stateMachine", {
        get() {
          reads++;
          return stateMachine;
        },
      });
      await world.succeed("T", { ok: true });
      return { reads, output: world.state.output };
    };
    expect(await builds({})).toEqual({ reads: 0, output: { ok: true } });
    expect(await builds({ OutputPath: "$$.StateMachine" })).toEqual({
      reads: 2,
      output: { Id: "wf_1", Name: "machine" },
    });
  });

  it("whose result is over the payload limit fails with States.DataLimitExceeded, which can be caught", async () => {
    const world = one({ Catch: CATCH });
    await world.start({}, { limits: { maxEvents: 100, maxPayloadBytes: 200 } });
    await world.succeed("T", "x".repeat(300));
    expect(world.state).toMatchObject({
      status: "succeeded",
      output: { problem: { Error: "States.DataLimitExceeded" } },
    });
  });

  it("whose result is nested too deep fails with States.DataLimitExceeded, which can be caught", async () => {
    const world = one({ Catch: CATCH });
    await world.start();
    await world.succeed("T", JSON.parse("[".repeat(600) + "]".repeat(600)));
    expect(world.state).toMatchObject({
      status: "succeeded",
      output: { problem: { Error: "States.DataLimitExceeded" } },
    });
  });

  it("times out after TimeoutSeconds with an empty Cause, and its late answer is refused", async () => {
    const world = one({ TimeoutSeconds: 30, Catch: CATCH });
    await world.start();
    const { key } = world.task("T");
    expect(nextTimerAt(world.state)).toBe(START_MS + 30_000);
    await world.ring();
    expect(world.state.output).toEqual({ problem: { Error: "States.Timeout", Cause: "" } });
    await world.send({ type: "TaskSucceeded", task: { key }, output: 1 });
    expect(world.refused).toBe("already-ended");
  });

  it("lives as long as heartbeats come, and a missed one can be caught by its name", async () => {
    const heartbeat = [{ ErrorEquals: ["States.HeartbeatTimeout"], Next: "Caught" }];
    const world = one({ Resource: "weft:http:request.waitForTaskToken", HeartbeatSeconds: 10, Catch: heartbeat });
    await world.start();
    const token = world.task("T").token ?? "";
    for (let i = 0; i < 3; i++) {
      world.now += 9_000;
      await world.send({ type: "TaskHeartbeat", task: { token } });
    }
    expect(world.types.at(-1)).toBe("RunTaskHeartbeat");
    await world.ring();
    expect(world.now).toBe(START_MS + 37_000);
    expect(world.state).toMatchObject({ status: "succeeded", output: { Error: "States.Timeout" } });
  });

  it("with a token is answered by the token, and only once", async () => {
    const world = one({
      Resource: "weft:http:request.waitForTaskToken",
      Parameters: { "t.$": "$$.Task.Token" },
      Catch: CATCH,
    });
    await world.start();
    const { token, input } = world.task("T");
    expect(input).toEqual({ t: token });
    expect(token).toMatch(/^run_1\.3\./);
    await world.send({ type: "TaskSubmitted", task: { token: token ?? "" } });
    await world.send({ type: "TaskSucceeded", task: { token: "run_1.3.guessed" }, output: 1 });
    expect(world.refused).toBe("unknown-task");
    await world.send({ type: "TaskSucceeded", task: { token: token ?? "" }, output: 1 });
    expect(world.refused).toBeNull();
    expect(world.types).toContain("TaskSubmitted");
  });

  it("of an activity starts when a worker takes it, and its timeout runs from then", async () => {
    const world = one({
      Resource: "arn:aws:states:us-east-1:111111111111:activity:press",
      TimeoutSeconds: 5,
      Catch: CATCH,
    });
    await world.start();
    expect(world.types.at(-1)).toBe("ActivityScheduled");
    expect(nextTimerAt(world.state)).toBeNull();
    const { key } = world.task("T");
    await world.send({ type: "TaskStarted", task: { key }, workerName: "w" });
    await world.send({ type: "TaskStarted", task: { key }, workerName: "other" });
    expect(world.types.filter((type) => type === "ActivityStarted")).toHaveLength(1);
    expect(nextTimerAt(world.state)).toBe(START_MS + 5_000);
  });
});

describe("a review", () => {
  const REVIEW = {
    Resource: "weft:review:request",
    Parameters: { title: "Ship it?", assigneeRole: "admin", dueSeconds: 60 },
  };

  it("is asked for beside the task and answered by a decision", async () => {
    const world = one({ ...REVIEW, Catch: CATCH });
    await world.start();
    const { reviewId } = world.task("T");
    expect(world.journal.at(-1)).toMatchObject({
      type: "ReviewRequested",
      reviewId,
      title: "Ship it?",
      assigneeRole: "admin",
      dueAt: START_MS + 60_000,
    });
    const decision = { decision: "reject", comment: "no", decidedBy: "usr_1" } as const;
    await world.send({ type: "DecideReview", reviewId: reviewId ?? "", ...decision });
    expect(world.types).toContain("ReviewDecided");
    expect(world.state.output).toEqual({ ...decision, decidedAt: "2026-01-01T00:00:00.000Z" });
    await world.send({ type: "DecideReview", reviewId: reviewId ?? "", ...decision });
    expect(world.refused).toBe("unknown-review");
  });

  it.each([
    [{ assigneeRole: "king" }, "/assigneeRole"],
    [{ dueSeconds: 0 }, "/dueSeconds"],
    [{ title: 5 }, "/title"],
  ])("that is asked for with %j fails, and says why", async (wrong, where) => {
    const world = one({ ...REVIEW, Parameters: { ...REVIEW.Parameters, ...wrong }, Catch: CATCH });
    await world.start();
    expect(world.state.output).toMatchObject({ problem: { Error: "Weft.ValidationFailed" } });
    expect(JSON.stringify(world.state.output)).toContain(where);
  });

  it("may be asked for with more than a request has", async () => {
    const world = one({ ...REVIEW, Parameters: { ...REVIEW.Parameters, order: 7 }, Catch: CATCH });
    await world.start();
    expect(world.journal.at(-1)).toMatchObject({ type: "ReviewRequested", title: "Ship it?" });
  });

  it("that nobody decides in time fails with States.Timeout", async () => {
    const world = one({ ...REVIEW, Catch: CATCH });
    await world.start();
    await world.ring();
    expect(world.state.output).toMatchObject({ problem: { Error: "States.Timeout" } });
  });

  it("that is unknown is refused", async () => {
    const world = one({ ...REVIEW, Catch: CATCH });
    await world.start();
    await world.send({ type: "DecideReview", reviewId: "rev_other", decision: "approve", decidedBy: "usr_1" });
    expect(world.refused).toBe("unknown-review");
  });
});

describe("Retry", () => {
  async function delays(retrier: object, errors: string[]): Promise<number[]> {
    const world = one({ Retry: [{ ErrorEquals: ["States.ALL"], ...retrier }], Catch: CATCH });
    await world.start();
    const waits: number[] = [];
    for (const error of errors) {
      await world.fail("T", error);
      const at = nextTimerAt(world.state);
      if (at === null) break;
      waits.push(at - world.now);
      await world.ring();
    }
    return waits;
  }

  it("waits longer each time, up to MaxDelaySeconds, and gives up after MaxAttempts", async () => {
    const retrier = { IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 3 };
    expect(await delays(retrier, ["E", "E", "E", "E"])).toEqual([2_000, 6_000, 10_000]);
  });

  it("spreads the wait over the whole interval with JitterStrategy FULL", async () => {
    expect(await delays({ IntervalSeconds: 4, JitterStrategy: "FULL", MaxAttempts: 1 }, ["E"])).toEqual([2_000]);
  });

  it("with MaxAttempts 0 never retries, and later retriers are not asked", async () => {
    const world = one({
      Retry: [{ ErrorEquals: ["E"], MaxAttempts: 0 }, { ErrorEquals: ["States.ALL"] }],
      Catch: CATCH,
    });
    await world.start();
    await world.fail("T", "E", "why");
    expect(world.state.output).toEqual({ problem: { Error: "E", Cause: "why" } });
  });

  it("counts each retrier by itself for the whole visit, and does not enter the state again", async () => {
    const world = one({
      Retry: [
        { ErrorEquals: ["A"], MaxAttempts: 1 },
        { ErrorEquals: ["B"], MaxAttempts: 1 },
      ],
      Parameters: { "count.$": "$$.State.RetryCount" },
      Catch: CATCH,
    });
    await world.start();
    await world.fail("T", "A");
    await world.ring();
    await world.fail("T", "B");
    await world.ring();
    expect(world.task("T").input).toEqual({ count: 2 });
    await world.fail("T", "A");
    expect(world.state.output).toMatchObject({ problem: { Error: "A" } });
    expect(world.types.filter((type) => type === "TaskStateEntered")).toHaveLength(1);
  });

  it("runs all branches of a Parallel again, and drops what was under way", async () => {
    const branch = (name: string) => ({ StartAt: name, States: { [name]: { ...TASK, End: true } } });
    const world = new World({
      StartAt: "P",
      States: {
        P: { Type: "Parallel", Branches: [branch("A"), branch("B")], Retry: [{ ErrorEquals: ["E"] }], End: true },
      },
    });
    await world.start();
    const { key } = world.task("A");
    await world.fail("B", "E");
    expect(world.open).toEqual([]);
    await world.send({ type: "TaskSucceeded", task: { key }, output: 1 });
    expect(world.refused).toBe("unknown-task");
    await world.ring();
    await world.succeed("B", "b");
    await world.succeed("A", "a");
    expect(world.state.output).toEqual(["a", "b"]);
  });

  it("never sees States.Runtime, and neither does Catch", async () => {
    const world = one({
      Parameters: { "name.$": "$.missing" },
      Retry: [{ ErrorEquals: ["States.Runtime"] }],
      Catch: [{ ErrorEquals: ["States.Runtime"], Next: "Caught" }],
    });
    await world.start();
    expect(world.state).toMatchObject({ status: "failed", error: "States.Runtime" });
  });
});

describe("a wait", () => {
  it("ends when its time has come and not before", async () => {
    const world = new World({ StartAt: "W", States: { W: { Type: "Wait", Seconds: 10, End: true } } });
    await world.start({ a: 1 });
    world.now += 9_999;
    expect(await world.send({ type: "TimersDue" })).toEqual([]);
    world.now += 1;
    await world.send({ type: "TimersDue" });
    expect(world.state).toMatchObject({ status: "succeeded", output: { a: 1 } });
  });
});
