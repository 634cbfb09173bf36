import { describe, expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import type { WriteResultFileEffect } from "../../../../domain/workflows/run/effects.ts";
import type { ChildOutcome } from "../../../../domain/workflows/run/event.ts";
import { isOutputAtRest, mapChildOutcome } from "../../../../domain/workflows/run/map-child.ts";
import { initialState } from "../../../../domain/workflows/run/state.ts";
import { World } from "./world.ts";

const CHILD = {
  ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
  StartAt: "Child",
  States: { Child: { Type: "Pass", End: true } },
};
const STORE = { Resource: "arn:aws:states:::s3:putObject", Parameters: { Bucket: "b", Prefix: "out" } };
/** Of a child; three of them are more than a file takes. */
const CHARACTERS = 1_900_000;

async function aWorld(items: number, more: object = {}): Promise<World> {
  const map = { Type: "Map", ItemProcessor: CHILD, ResultWriter: STORE, ...more, End: true };
  const world = new World({ StartAt: "M", States: { M: map } });
  await world.start(new Array<Json>(items).fill(1));
  return world;
}

function key(world: World): string {
  const effect = world.open.findLast((one) => one.kind === "startChildren");
  if (effect?.kind !== "startChildren") throw new Error("no children to start");
  return effect.key;
}

/** One whose output rests with it. */
function atRest(index: number): ChildOutcome {
  return { index, status: "succeeded", record: { characters: CHARACTERS, startedAt: 1, stoppedAt: 2 } };
}

async function end(world: World, ...children: ChildOutcome[]): Promise<void> {
  await world.send({ type: "ChildrenFinished", key: key(world), children });
}

function file(world: World): WriteResultFileEffect | null {
  const effect = world.open.findLast((one) => one.kind === "writeResultFile");
  return effect?.kind === "writeResultFile" ? effect : null;
}

const indexesOf = (world: World) => file(world)?.file.children.map(({ index }) => index);

/** The store has the file that is under way. */
async function write(world: World): Promise<void> {
  const { number = -1, key: mapRun = "" } = file(world) ?? {};
  world.open = world.open.filter(({ kind }) => kind !== "writeResultFile");
  const written = { Key: `SUCCEEDED_${number}.json`, Size: 1 };
  await world.send({ type: "ResultFileWritten", key: mapRun, number, file: written });
}

describe("the result files of a distributed Map", () => {
  it("are written as they fill, one after the other, and named when all are written", async () => {
    const world = await aWorld(5);
    await end(world, atRest(3), atRest(0));
    expect(file(world)).toBeNull();
    await end(world, atRest(4));
    expect([file(world)?.number, indexesOf(world)]).toEqual([0, [3, 0]]);
    await write(world);
    expect(file(world)).toBeNull();
    await end(world, atRest(1), atRest(2));
    expect([file(world)?.number, indexesOf(world)]).toEqual([1, [4, 1]]);
    await write(world);
    expect([file(world)?.number, indexesOf(world)]).toEqual([2, [2]]);
    await write(world);
    expect(world.open.at(-1)).toMatchObject({ kind: "writeResults" });
    const { key: mapRun } = world.open.at(-1) as { key: string };
    await world.send({ type: "ResultsWritten", key: mapRun, output: "manifest" });
    expect(world.state).toMatchObject({ status: "succeeded", output: "manifest" });
  });

  it("hold the same children after a crash, whatever ended since", async () => {
    const world = await aWorld(6);
    await end(world, atRest(0), atRest(1), atRest(2));
    const before = file(world);
    await end(world, atRest(3), atRest(4));
    world.crash();
    expect(world.open.find(({ kind }) => kind === "writeResultFile")).toEqual(before);
    await write(world);
    world.crash();
    expect([file(world)?.number, indexesOf(world)]).toEqual([1, [2, 3]]);
  });

  it("are each taken once", async () => {
    const world = await aWorld(6);
    await end(world, atRest(0), atRest(1), atRest(2), atRest(3), atRest(4));
    const { key: mapRun = "" } = file(world) ?? {};
    await write(world);
    const again = { Key: "SUCCEEDED_0.json", Size: 1 };
    await world.send({ type: "ResultFileWritten", key: mapRun, number: 0, file: again });
    expect(world.refused).toBe("unknown-map-run");
  });

  it("leave nothing in the run once they are written", async () => {
    const world = await aWorld(400);
    const output = "x".repeat(200_000);
    for (let index = 0; index < 399; index++) {
      await end(world, { index, status: "succeeded", output });
      if (file(world) !== null) await write(world);
    }
    expect(world.state.status).toBe("running");
    expect(JSON.stringify(world.state).length).toBeLessThan(4_100_000);
  });

  it("hold back the starts of children while the store is behind", async () => {
    const world = await aWorld(20, { MaxConcurrency: 10 });
    await end(world, ...Array.from({ length: 9 }, (_, index) => atRest(index)));
    expect(world.open.filter(({ kind }) => kind === "startChildren")).toHaveLength(1);
    await write(world);
    expect(world.open.at(-1)).toMatchObject({ kind: "startChildren", indexes: [10, 11, 12, 13, 14, 15, 16, 17, 18] });
  });

  it("go on being written while the run is paused, and when it goes on", async () => {
    const world = await aWorld(3);
    await world.send({ type: "Pause" });
    await end(world, atRest(0), atRest(1), atRest(2));
    await write(world);
    expect(file(world)).toBeNull();
    await world.send({ type: "Resume" });
    expect(indexesOf(world)).toEqual([2]);
  });

  it("that cannot be written fail the map run at once, and call its children off", async () => {
    const world = await aWorld(4);
    await end(world, atRest(0), atRest(1), atRest(2));
    await world.send({ type: "ResultsWriteFailed", key: key(world), cause: "no store" });
    expect(world.state).toMatchObject({ status: "failed", error: "States.ResultWriterFailed", cause: "no store" });
    expect(world.open).toEqual([]);
  });

  it("go on after a redrive, and tell the children of either attempt apart", async () => {
    const world = await aWorld(2);
    const first = key(world);
    await end(world, atRest(0), { index: 1, status: "failed", error: "E" });
    expect(world.state.status).toBe("failed");
    await world.send({ type: "Redrive" });
    const second = key(world);
    expect(second).not.toBe(first);
    await end(world, atRest(1));
    expect([file(world)?.file.key, indexesOf(world)]).toEqual([first, [0]]);
    await write(world);
    expect([file(world)?.file.key, indexesOf(world)]).toEqual([second, [1]]);
  });

  it("that could not be written are written after a redrive, and no child runs again", async () => {
    const world = await aWorld(1);
    await end(world, atRest(0));
    await world.send({ type: "ResultsWriteFailed", key: key(world), cause: "no store" });
    world.open = [];
    await world.send({ type: "Redrive" });
    expect(world.open).toMatchObject([{ kind: "writeResultFile", number: 0, file: { children: [{ index: 0 }] } }]);
  });

  it("are none where the ResultWriter names no bucket: then the results are the run's to hold", async () => {
    const world = await aWorld(400, { ResultWriter: { WriterConfig: { Transformation: "COMPACT" } } });
    const output = "x".repeat(200_000);
    for (let index = 0; index < 400 && world.state.status === "running"; index++) {
      await end(world, { index, status: "succeeded", output });
    }
    expect(world.state).toMatchObject({ status: "failed", error: "States.DataLimitExceeded" });
  });
});

describe("a child that has ended", () => {
  const ended = (output: Json) => ({ ...initialState(), status: "succeeded" as const, input: 1, output, stoppedAt: 7 });

  it("tells its Map a small output, and that a large one rests with it", () => {
    const record = { startedAt: 0, stoppedAt: 7 };
    expect(mapChildOutcome(3, ended("small"), true)).toEqual({
      index: 3,
      status: "succeeded",
      output: "small",
      record: { ...record, characters: 11 },
    });
    const large = mapChildOutcome(3, ended("x".repeat(5_000)), true);
    expect(large).toEqual({ index: 3, status: "succeeded", record: { ...record, characters: 5_006 } });
    expect(isOutputAtRest(large)).toBe(true);
  });

  it("tells all of its output where nothing is stored", () => {
    const output = "x".repeat(5_000);
    expect(mapChildOutcome(3, ended(output), false)).toEqual({ index: 3, status: "succeeded", output });
  });
});
