import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../../domain/kernel/json.ts";
import { MAX_HELD_CHARACTERS } from "../../../../domain/workflows/run/holding.ts";
import { charactersOf } from "../../../../domain/workflows/run/payload.ts";
import { isEnded } from "../../../../domain/workflows/run/state.ts";
import { World } from "./world.ts";

// What a run holds at once is bounded, whatever its definition asks for.

const LARGE = "x".repeat(200_000);
/** So many large values are within the bound. */
const ROOM = Math.floor(MAX_HELD_CHARACTERS / LARGE.length);
const EXCEEDED = "States.DataLimitExceeded";

const CATCH = [{ ErrorEquals: ["States.ALL"], ResultPath: "$.problem", Next: "Sorry" }];
const SORRY = { Type: "Pass", OutputPath: "$.problem", End: true };
/** Gives a large value, which is not part of its input. */
const GROW = { Type: "Pass", Parameters: { "large.$": "$$.Execution.Input.large" }, End: true };

function each(inner: Json, more: JsonObject = {}): JsonObject {
  return { Type: "Map", ItemsPath: "$.items", ItemProcessor: { StartAt: "Grow", States: { Grow: inner } }, ...more };
}

function machine(work: JsonObject): Json {
  return { StartAt: "Work", States: { Work: work, ...("Catch" in work && { Sorry: SORRY }) } };
}

async function ran(definition: Json, items: number, more: JsonObject = {}): Promise<World> {
  const world = new World(definition);
  await world.start({ large: LARGE, items: new Array<Json>(items).fill(1), ...more });
  while (world.open.some(({ kind }) => kind === "continue")) await goOn(world);
  return world;
}

async function goOn(world: World): Promise<void> {
  world.open = world.open.filter(({ kind }) => kind !== "continue");
  await world.send({ type: "Continue" });
}

function count(world: World, type: string): number {
  return world.types.filter((one) => one === type).length;
}

describe("what a run holds at once", () => {
  it("ends a Map whose results are together too much, and no further iteration begins", async () => {
    const world = await ran(machine(each(GROW, { MaxConcurrency: 5, ResultPath: null, End: true })), 1_500);
    expect(world.state).toMatchObject({ status: "failed", error: EXCEEDED });
    expect(world.state.cause).toContain("holds at once");
    expect(count(world, "MapIterationSucceeded")).toBeLessThanOrEqual(ROOM + 1);
    expect(count(world, "MapIterationStarted")).toBeLessThanOrEqual(ROOM + 5);
  });

  it("is bounded where all iterations are open, too", async () => {
    const world = await ran(machine(each(GROW, { ResultPath: null, End: true })), 1_500);
    expect(world.state).toMatchObject({ status: "failed", error: EXCEEDED });
    expect(count(world, "PassStateExited")).toBeLessThanOrEqual(ROOM + 1);
  });

  it("is given back when a Catch takes the failure of the Map", async () => {
    const world = await ran(machine(each(GROW, { Catch: CATCH, End: true })), 1_500);
    expect(world.state).toMatchObject({ status: "succeeded", output: { Error: EXCEEDED } });
    expect(world.state.held).toBeLessThan(2 * LARGE.length);
  });

  it("leaves a Map below the bound alone, whose results are reduced when they are together", async () => {
    const reduced = { ResultSelector: { "first.$": "$[0].large" }, End: true };
    const world = await ran(machine(each(GROW, reduced)), ROOM - 5);
    expect(world.state).toMatchObject({ status: "succeeded", output: { first: LARGE } });
  });

  it("counts results of tasks, and fails the task that is over the bound", async () => {
    const task = { Type: "Task", Resource: "weft:function:call", Parameters: { name: "f" }, End: true };
    const world = await ran(machine(each(task, { ResultPath: null, Catch: CATCH, End: true })), ROOM + 50);
    let answers = 0;
    for (; !isEnded(world.state); answers++) {
      if (world.open.some(({ kind }) => kind === "continue")) await goOn(world);
      else await world.succeed("Grow", LARGE);
    }
    expect(world.state).toMatchObject({ status: "succeeded", output: { Error: EXCEEDED } });
    expect(answers).toBeLessThanOrEqual(2 * ROOM);
  });

  it("counts what open tasks were given", async () => {
    const Parameters = { name: "f", "input.$": "$$.Execution.Input.large" };
    const task = { Type: "Task", Resource: "weft:function:call", Parameters, End: true };
    const world = await ran(machine(each(task, { End: true })), 1_500);
    expect(world.state).toMatchObject({ status: "failed", error: EXCEEDED });
    expect(count(world, "TaskScheduled")).toBeLessThanOrEqual(ROOM + 1);
    expect(world.open).toEqual([]);
  });

  it("counts the inputs of iterations that ItemSelector makes large", async () => {
    const wait = { Type: "Wait", Seconds: 60, End: true };
    const ItemSelector = { "large.$": "$.large" };
    const world = await ran(machine(each(wait, { ItemSelector, End: true })), 1_500);
    expect(world.state).toMatchObject({ status: "failed", error: EXCEEDED });
    expect(count(world, "WaitStateEntered")).toBeLessThanOrEqual(ROOM + 1);
  });

  it("counts the results of Maps within a Map together", async () => {
    const inner = each(GROW, {
      ItemsPath: "$$.Execution.Input.items",
      MaxConcurrency: 1,
      ResultPath: "$.all",
      End: true,
    });
    const ItemProcessor = { StartAt: "Inner", States: { Inner: { ...inner, ItemSelector: {} } } };
    const world = await ran(machine({ ...each(GROW), ItemProcessor, End: true }), 30);
    expect(world.state).toMatchObject({ status: "failed", error: EXCEEDED });
    expect(count(world, "PassStateExited")).toBeLessThanOrEqual(ROOM + 1);
  });

  it("counts the inputs of a Parallel's branches", async () => {
    const rest = { Type: "Wait", Seconds: 60, End: true };
    const names = Array.from({ length: ROOM + 50 }, (_, i) => `Rest${i}`);
    const Branches = names.map((name) => ({ StartAt: name, States: { [name]: rest } }));
    const world = await ran(machine({ Type: "Parallel", Branches, Catch: CATCH, End: true }), 0);
    expect(world.state).toMatchObject({ status: "succeeded", output: { Error: EXCEEDED } });
  });

  it("counts the variables of iterations", async () => {
    const set = { Type: "Pass", Assign: { "mine.$": "$$.Execution.Input.large" }, Next: "Rest" };
    const ItemProcessor = { StartAt: "Set", States: { Set: set, Rest: { Type: "Wait", Seconds: 60, End: true } } };
    const world = await ran(machine({ Type: "Map", ItemsPath: "$.items", ItemProcessor, End: true }), 1_500);
    expect(world.state).toMatchObject({ status: "failed", error: EXCEEDED });
  });

  it("counts a variable that is set again once", async () => {
    const set = { Type: "Pass", Assign: { "mine.$": "$.large" } };
    const States = {
      A: { ...set, Next: "B" },
      B: { ...set, Next: "C" },
      C: { ...set, OutputPath: "$.large", End: true },
    };
    const world = await ran({ StartAt: "A", States }, 0);
    expect(world.state.held).toBe(2 * charactersOf(LARGE));
  });

  it("ends a run whose own variables are too much", async () => {
    const names = Array.from({ length: ROOM + 50 }, (_, i) => `S${i}`);
    const states = names.map((name, i) => [
      name,
      {
        Type: "Pass",
        Assign: { [`v${i}`]: "x", [`w${i}.$`]: "$.large" },
        ...(i + 1 < names.length ? { Next: names[i + 1] } : { End: true }),
      },
    ]);
    const world = await ran({ StartAt: "S0", States: Object.fromEntries(states) }, 0);
    expect(world.state).toMatchObject({ status: "failed", error: EXCEEDED });
  });
});

describe("what a decision writes at once", () => {
  it("is bounded: a chain that hands on a large input takes many", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `S${i}`);
    const next = (i: number) => (i + 1 < names.length ? { Next: names[i + 1] } : { End: true });
    const States = Object.fromEntries(names.map((name, i) => [name, { Type: "Pass", ...next(i) }]));
    const world = new World({ StartAt: "S0", States } as Json);
    const sizes = [JSON.stringify(await world.start({ large: LARGE })).length];
    while (world.open.length > 0) {
      world.open = [];
      sizes.push(JSON.stringify(await world.send({ type: "Continue" })).length);
    }
    expect(world.state).toMatchObject({ status: "succeeded", output: { large: LARGE } });
    expect(Math.max(...sizes)).toBeLessThan(4_000_000 + 4 * LARGE.length);
    expect(sizes.length).toBeGreaterThan(8);
  });
});
