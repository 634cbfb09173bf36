import { describe, expect, it } from "vitest";
import { nextTimerAt } from "../../../../domain/workflows/run/effects.ts";
import { checkpoints, progress, summary, waitingFor } from "../../../../domain/workflows/run/projection.ts";
import { replay, rewindState } from "../../../../domain/workflows/run/replay.ts";
import { START_MS, World } from "./world.ts";

const TASK = { Type: "Task", Resource: "weft:function:call", Parameters: { name: "f" } };

const TWO_TASKS = {
  StartAt: "Draft",
  States: { Draft: { ...TASK, Next: "Send" }, Send: { ...TASK, End: true } },
};

describe("starting", () => {
  it("runs every state that needs no answer in one decision", async () => {
    const world = new World({
      StartAt: "A",
      States: { A: { Type: "Pass", Next: "B" }, B: { Type: "Pass", Result: 7, End: true } },
    });
    await world.start({});
    expect(world.types).toEqual([
      "ExecutionStarted",
      "PassStateEntered",
      "PassStateExited",
      "PassStateEntered",
      "PassStateExited",
      "ExecutionSucceeded",
    ]);
    expect(world.state).toMatchObject({ status: "succeeded", output: 7, seq: 6 });
  });

  it("is refused a second time", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    await world.start();
    expect(world.refused).toBe("already-started");
  });

  it("comes before any other command", async () => {
    const world = new World(TWO_TASKS);
    await world.send({ type: "Pause" });
    expect(world.refused).toBe("not-started");
  });
});

describe("pausing", () => {
  it("lets a task under way finish, keeps its result, and enters nothing until the run resumes", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    await world.send({ type: "Pause", reason: "look first" });
    await world.succeed("Draft", "text");
    expect(world.types.slice(-3)).toEqual(["RunPaused", "TaskSucceeded", "TaskStateExited"]);
    expect(progress(world.state)).toEqual({ entered: 1, exited: 1, current: ["Send"] });
    await world.send({ type: "Resume" });
    expect(world.journal.at(-3)).toMatchObject({ type: "TaskStateEntered", state: "Send", input: "text" });
  });

  it("holds a retry that came due, and makes it at once when the run resumes", async () => {
    const world = new World({
      StartAt: "T",
      States: { T: { ...TASK, Retry: [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 10 }], End: true } },
    });
    await world.start();
    await world.fail("T", "Flaky");
    await world.send({ type: "Pause" });
    expect(nextTimerAt(world.state)).toBeNull();
    world.now += 60_000;
    await world.send({ type: "TimersDue" });
    expect(world.open).toEqual([]);
    await world.send({ type: "Resume" });
    expect(world.task("T").state).toBe("T");
  });

  it("changes nothing where it was asked before, as does resuming a run that goes on", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    const { seq } = world.state;
    await world.send({ type: "Resume" });
    expect(world.state.seq).toBe(seq);
    await world.send({ type: "Pause" });
    await world.send({ type: "Pause" });
    expect(world.state).toMatchObject({ status: "paused", seq: seq + 1 });
  });
});

describe("stopping", () => {
  it("aborts every open state from the inside out and calls its tasks off", async () => {
    const branch = (name: string) => ({ StartAt: name, States: { [name]: { ...TASK, End: true } } });
    const world = new World({
      StartAt: "P",
      States: { P: { Type: "Parallel", Branches: [branch("A"), branch("B")], End: true } },
    });
    await world.start();
    await world.send({ type: "Stop", error: "Enough", cause: "by hand" });
    expect(world.types.slice(-4)).toEqual([
      "TaskStateAborted",
      "TaskStateAborted",
      "ParallelStateAborted",
      "ExecutionAborted",
    ]);
    expect(world.open).toEqual([]);
    expect(summary(world.state)).toMatchObject({ status: "aborted", error: "Enough", cause: "by hand" });
  });

  it("makes every later answer late", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    const { key } = world.task("Draft");
    await world.send({ type: "Stop" });
    await world.send({ type: "TaskSucceeded", task: { key }, output: 1 });
    expect(world.refused).toBe("already-ended");
  });
});

describe("the machine's timeout", () => {
  it("ends the run as timed out, without a cause, whatever is caught inside", async () => {
    const world = new World({
      TimeoutSeconds: 20,
      StartAt: "T",
      States: {
        T: { ...TASK, Catch: [{ ErrorEquals: ["States.ALL"], Next: "Never" }], End: true },
        Never: { Type: "Pass", End: true },
      },
    });
    await world.start();
    expect(nextTimerAt(world.state)).toBe(START_MS + 20_000);
    await world.ring();
    expect(world.state).toMatchObject({ status: "timed_out", error: "States.Timeout" });
    expect(world.state.cause).toBeUndefined();
  });

  it("is five minutes at most for an Express run", async () => {
    const world = new World(TWO_TASKS);
    await world.start({}, { machineType: "EXPRESS" });
    expect(nextTimerAt(world.state)).toBe(START_MS + 300_000);
  });
});

describe("redriving", () => {
  it("enters the state that failed again with its input, under a new deadline", async () => {
    const world = new World({ ...TWO_TASKS, TimeoutSeconds: 60 });
    await world.start();
    await world.succeed("Draft", "text");
    await world.fail("Send", "Broken");
    world.now += 3_600_000;
    await world.send({ type: "Redrive" });
    expect(world.types.slice(-4)).toEqual(["ExecutionRedriven", "TaskStateEntered", "TaskScheduled", "TaskStarted"]);
    expect(world.journal.at(-3)).toMatchObject({ state: "Send", input: "text" });
    expect(nextTimerAt(world.state)).toBe(world.now + 60_000);
    await world.succeed("Send", "sent");
    expect(world.state).toMatchObject({ status: "succeeded", redrives: 1 });
    expect(world.state.error).toBeUndefined();
  });

  it("runs only the branches again that did not succeed", async () => {
    const branch = (name: string) => ({ StartAt: name, States: { [name]: { ...TASK, End: true } } });
    const world = new World({
      StartAt: "P",
      States: { P: { Type: "Parallel", Branches: [branch("A"), branch("B"), branch("C")], End: true } },
    });
    await world.start();
    await world.succeed("A", "a");
    await world.fail("B", "Broken");
    await world.send({ type: "Redrive" });
    expect(world.open.map((effect) => "state" in effect && effect.state)).toEqual(["B", "C"]);
    await world.succeed("C", "c");
    await world.succeed("B", "b");
    expect(world.state.output).toEqual(["a", "b", "c"]);
  });

  it("is refused while a run goes on, after success, and for Express runs", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    await world.send({ type: "Redrive" });
    expect(world.refused).toBe("not-ended");
    await world.succeed("Draft", 1);
    await world.succeed("Send", 2);
    await world.send({ type: "Redrive" });
    expect(world.refused).toBe("not-redrivable");
    const express = new World(TWO_TASKS);
    await express.start({}, { machineType: "EXPRESS" });
    await express.fail("Draft", "Broken");
    await express.send({ type: "Redrive" });
    expect(express.refused).toBe("not-redrivable");
  });
});

describe("rewinding", () => {
  it("to a checkpoint enters that state anew and forgets what came after, but erases nothing", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    await world.succeed("Draft", "text");
    await world.succeed("Send", "sent");
    const [first] = checkpoints(world.journal);
    const toSeq = first?.seq ?? 0;
    const restored = rewindState(world.journal, toSeq);
    if (restored === null) throw new Error("no such event");
    await world.send({ type: "Rewind", toSeq, restored });
    expect(world.types.slice(-4)).toEqual(["RunRewound", "TaskStateEntered", "TaskScheduled", "TaskStarted"]);
    expect(world.journal.map(({ seq }) => seq)).toEqual(world.journal.map((_, i) => i + 1));
    expect(progress(world.state)).toEqual({ entered: 1, exited: 0, current: ["Draft"] });
    expect(checkpoints(world.journal).map(({ state }) => state)).toEqual(["Draft"]);
    expect(JSON.parse(JSON.stringify(replay(world.journal)))).toEqual(JSON.parse(JSON.stringify(world.state)));
  });

  it("begins open tasks of the restored state again under new keys, so that answers to the old ones are late", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    const { key } = world.task("Draft");
    const restored = rewindState(world.journal, 4);
    if (restored === null) throw new Error("no such event");
    await world.send({ type: "Rewind", toSeq: 4, restored });
    expect(world.task("Draft").key).not.toBe(key);
    await world.send({ type: "TaskSucceeded", task: { key }, output: 1 });
    expect(world.refused).toBe("unknown-task");
  });

  it("is refused for the state of another run", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    const restored = rewindState(world.journal, 2);
    if (restored === null) throw new Error("no such event");
    await world.send({ type: "Rewind", toSeq: 2, restored: { ...restored, runId: "run_2" } });
    expect(world.refused).toBe("no-such-event");
  });

  it("finds no state for an event that is not there", async () => {
    const world = new World(TWO_TASKS);
    await world.start();
    expect(rewindState(world.journal, 99)).toBeNull();
    expect(rewindState(world.journal, 0)).toBeNull();
  });
});

describe("the journal's limit", () => {
  const loop = {
    StartAt: "Loop",
    States: {
      Loop: { Type: "Pass", Next: "Again" },
      Again: { Type: "Pass", Next: "Test" },
      Test: { Type: "Choice", Choices: [{ Variable: "$.on", BooleanEquals: true, Next: "Loop" }], Default: "Done" },
      Done: { Type: "Succeed" },
    },
  };

  it("is announced at 80 percent and then fails the run with its last event", async () => {
    const world = new World(loop);
    await world.start({ on: true }, { limits: { maxEvents: 100, maxPayloadBytes: 1_000 } });
    expect(world.state).toMatchObject({ status: "failed", error: "States.Runtime", seq: 100 });
    const warnings = world.journal.filter(({ type }) => type === "RunHistoryWarning");
    expect(warnings).toEqual([expect.objectContaining({ seq: 82, limit: 100 })]);
    expect(warnings[0]).toMatchObject({ guidance: expect.stringMatching(/event 100\. .*weft:run:start/) });
    expect(world.types.at(-1)).toBe("ExecutionFailed");
    await world.send({ type: "Redrive" });
    expect(world.refused).toBe("history-full");
  });

  it("does not let an endless loop of states hold the object: it asks for another turn", async () => {
    const world = new World(loop, { maxStates: 30 });
    await world.start({ on: true });
    expect(world.state.entered).toBe(30);
    expect(world.open).toEqual([{ kind: "continue" }]);
    world.crash();
    expect(world.open).toEqual([{ kind: "continue" }]);
    await world.send({ type: "Continue" });
    expect(world.state.entered).toBe(60);
  });
});

describe("what a run waits for", () => {
  it("names tasks, callbacks, reviews, timers and retries", async () => {
    const branch = (name: string, state: object) => ({ StartAt: name, States: { [name]: { ...state, End: true } } });
    const world = new World({
      StartAt: "P",
      States: {
        P: {
          Type: "Parallel",
          Branches: [
            branch("Plain", TASK),
            branch("Callback", { ...TASK, Resource: "weft:http:request.waitForTaskToken" }),
            branch("Review", { ...TASK, Resource: "weft:review:request" }),
            branch("Wait", { Type: "Wait", Seconds: 60 }),
            branch("Retried", { ...TASK, Retry: [{ ErrorEquals: ["States.ALL"] }] }),
          ],
          End: true,
        },
      },
    });
    await world.start();
    await world.fail("Retried", "Flaky");
    expect(waitingFor(world.state).map(({ kind, state }) => [kind, state])).toEqual([
      ["task", "Plain"],
      ["callback", "Callback"],
      ["review", "Review"],
      ["timer", "Wait"],
      ["retry", "Retried"],
    ]);
    expect(progress(world.state).current).toEqual(["P", "Plain", "Callback", "Review", "Wait", "Retried"]);
  });
});
