import { describe, expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import { childInput, childMachine } from "../../../../domain/workflows/run/child-run.ts";
import { World } from "./world.ts";

const CHILD = {
  ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
  StartAt: "Child",
  States: { Child: { Type: "Pass", End: true } },
};

function mapOf(more: object): World {
  return new World({ StartAt: "M", States: { M: { Type: "Map", ItemProcessor: CHILD, ...more, End: true } } });
}

function children(world: World): { key: string; indexes: readonly number[] } {
  const effect = world.open.findLast((one) => one.kind === "startChildren");
  if (effect?.kind !== "startChildren") throw new Error("no children to start");
  return effect;
}

/** Of the map run that the machine is in. */
function nameOf({ state }: World): string {
  const { phase } = state.scopes["0"] ?? {};
  if (phase?.at !== "fanOut" || phase.fanOut.mapRun === undefined) throw new Error("no map run");
  return phase.fanOut.mapRun.arn;
}

describe("an inline Map", () => {
  it.each([
    ["ItemReader", { Resource: "arn:aws:states:::s3:getObject", Parameters: { Bucket: "b", Key: "k" } }],
    ["ItemBatcher", { MaxItemsPerBatch: 2 }],
    ["ResultWriter", { Resource: "arn:aws:states:::s3:putObject", Parameters: { Bucket: "b" } }],
  ])("with the %s of a distributed one fails, and says so", async (field, value) => {
    const { StartAt, States } = CHILD;
    const world = mapOf({ ItemProcessor: { StartAt, States }, [field]: value });
    await world.start([1, 2]);
    expect(world.state).toMatchObject({ status: "failed" });
    expect(JSON.stringify(world.journal.at(-1))).toContain(`The ${field} field needs`);
  });
});

describe("a distributed Map", () => {
  it("starts children up to MaxConcurrency and goes on as they finish, in the order of the items", async () => {
    const world = mapOf({ MaxConcurrency: 2 });
    await world.start(["a", "b", "c"]);
    const { key, indexes } = children(world);
    expect(indexes).toEqual([0, 1]);
    await world.send({ type: "ChildrenFinished", key, children: [{ index: 1, status: "succeeded", output: "B" }] });
    expect(children(world).indexes).toEqual([2]);
    await world.send({
      type: "ChildrenFinished",
      key,
      children: [
        { index: 2, status: "succeeded", output: "C" },
        { index: 0, status: "succeeded", output: "A" },
      ],
    });
    expect(world.state).toMatchObject({ status: "succeeded", output: ["A", "B", "C"] });
  });

  it("has ten thousand children open at most, whatever MaxConcurrency says", async () => {
    for (const more of [{}, { MaxConcurrency: 20_000 }]) {
      const world = mapOf(more);
      await world.start(Array.from({ length: 10_001 }, () => 0));
      expect(children(world).indexes).toHaveLength(10_000);
    }
  });

  it("gives each child its selected item and the processor as its machine", async () => {
    const world = mapOf({ ItemSelector: { "value.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index" } });
    await world.start(["a"]);
    const { key } = children(world);
    expect(await childInput(world.machine, world.state, key, 0, world.chance)).toEqual({
      input: { value: "a", at: 0 },
    });
    expect(childMachine(world.machine, "M")?.startAt).toBe("Child");
    expect(childMachine(world.machine, "Child")).toBeNull();
  });

  it("hands items over in batches with the batch input", async () => {
    const world = mapOf({ ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { fixed: true } } });
    await world.start([1, 2, 3]);
    const { key, indexes } = children(world);
    expect(indexes).toEqual([0, 1]);
    const input = await childInput(world.machine, world.state, key, 1, world.chance);
    expect(input).toEqual({ input: { BatchInput: { fixed: true }, Items: [3] } });
  });

  it("cuts batches by the bytes of their items", async () => {
    const world = mapOf({ ItemBatcher: { MaxInputBytesPerBatch: 30 } });
    await world.start(["x".repeat(20), "y".repeat(20), "z"]);
    expect(children(world).indexes).toEqual([0, 1]);
  });

  it("fails at the first failure without a tolerance, and calls the other children off", async () => {
    const world = mapOf({});
    await world.start([1, 2]);
    const { key } = children(world);
    await world.send({ type: "ChildrenFinished", key, children: [{ index: 0, status: "failed", error: "E" }] });
    expect(world.state).toMatchObject({ status: "failed", error: "States.ExceedToleratedFailureThreshold" });
    expect(world.types.slice(-3)).toEqual(["MapRunFailed", "MapStateFailed", "ExecutionFailed"]);
    expect(world.open).toEqual([]);
  });

  it("fails when its results are together more than a run may hold, and calls the other children off", async () => {
    const world = mapOf({});
    await world.start(new Array<Json>(400).fill(1));
    const { key } = children(world);
    const output = "x".repeat(200_000);
    let finished = 0;
    for (; finished < 400 && world.state.status === "running"; finished++) {
      const child = { index: finished, status: "succeeded", output } as const;
      await world.send({ type: "ChildrenFinished", key, children: [child] });
    }
    expect(finished).toBe(168);
    expect(world.state).toMatchObject({ status: "failed", error: "States.DataLimitExceeded" });
    expect(world.types.slice(-3)).toEqual(["MapRunFailed", "MapStateFailed", "ExecutionFailed"]);
    expect(world.open).toEqual([]);
  });

  it("counts why children failed of what it may hold, until they run again", async () => {
    const world = mapOf({ ToleratedFailurePercentage: 100 });
    await world.start(new Array<Json>(2_000).fill(1));
    const { key } = children(world);
    const cause = "x".repeat(32_000);
    let finished = 0;
    for (; finished < 2_000 && world.state.status === "running"; finished++) {
      await world.send({ type: "ChildrenFinished", key, children: [{ index: finished, status: "failed", cause }] });
    }
    expect(finished).toBe(1_049);
    expect(world.state).toMatchObject({ status: "failed", error: "States.DataLimitExceeded" });
    await world.send({ type: "Redrive" });
    expect(world.state.held).toBeLessThan(100_000);
    expect(world.state.status).toBe("running");
  });

  it("leaves tolerated failures out of the results", async () => {
    const world = mapOf({ ToleratedFailurePercentage: 50 });
    await world.start([1, 2]);
    const { key } = children(world);
    await world.send({
      type: "ChildrenFinished",
      key,
      children: [
        { index: 0, status: "failed", error: "E" },
        { index: 1, status: "succeeded", output: "two" },
      ],
    });
    expect(world.state).toMatchObject({ status: "succeeded", output: ["two"] });
  });

  it("runs only the failed child again when the run is redriven, though no other was under way", async () => {
    const world = mapOf({});
    await world.start([1, 2]);
    await world.send({
      type: "ChildrenFinished",
      key: children(world).key,
      children: [
        { index: 0, status: "succeeded", output: "one" },
        { index: 1, status: "failed", error: "E" },
      ],
    });
    expect(world.state.status).toBe("failed");
    await world.send({ type: "Redrive" });
    const { key, indexes } = children(world);
    expect(indexes).toEqual([1]);
    await world.send({ type: "ChildrenFinished", key, children: [{ index: 1, status: "succeeded", output: "two" }] });
    expect(world.state).toMatchObject({ status: "succeeded", output: ["one", "two"] });
  });

  it("runs only the children again that did not succeed when the run is redriven", async () => {
    const world = mapOf({});
    await world.start([1, 2, 3]);
    const first = children(world);
    await world.send({
      type: "ChildrenFinished",
      key: first.key,
      children: [{ index: 1, status: "succeeded", output: 2 }],
    });
    await world.send({
      type: "ChildrenFinished",
      key: first.key,
      children: [{ index: 0, status: "failed", error: "E" }],
    });
    await world.send({ type: "Redrive" });
    const second = children(world);
    expect(second.indexes).toEqual([0, 2]);
    expect(second.key).not.toBe(first.key);
    const late = {
      type: "ChildrenFinished",
      key: first.key,
      children: [{ index: 0, status: "succeeded", output: 0 }],
    } as const;
    await world.send(late);
    expect(world.refused).toBe("unknown-map-run");
    await world.send({
      ...late,
      key: second.key,
      children: [
        { index: 0, status: "succeeded", output: 1 },
        { index: 2, status: "succeeded", output: 3 },
      ],
    });
    expect(world.state.output).toEqual([1, 2, 3]);
  });

  it("reads its items first, and writes its results last", async () => {
    const s3 = (action: string) => `arn:aws:states:::s3:${action}`;
    const world = mapOf({
      ItemReader: {
        Resource: s3("getObject"),
        ReaderConfig: { InputType: "JSON", MaxItems: 2 },
        Parameters: { Bucket: "b", Key: "k" },
      },
      ResultWriter: { Resource: s3("putObject"), Parameters: { Bucket: "b", Prefix: "out" } },
    });
    await world.start({});
    const [read] = world.open;
    if (read?.kind !== "readItems") throw new Error("nothing to read");
    expect(read.settings.reader).toMatchObject({ arguments: { Bucket: "b", Key: "k" }, maxItems: 2 });
    await world.send({ type: "ItemsRead", key: read.key, items: ["a", "b", "c"] });
    await world.send({ type: "ItemsRead", key: read.key, items: ["z"] });
    expect(world.refused).toBe("unknown-map-run");
    world.crash();
    const { key, indexes } = children(world);
    expect(indexes).toEqual([0, 1]);
    await world.send({
      type: "ChildrenFinished",
      key,
      children: indexes.map((index) => ({ index, status: "succeeded", output: index })),
    });
    const write = world.open.at(-1);
    expect(write).toMatchObject({
      kind: "writeResultFile",
      number: 0,
      file: { children: [{ output: 0 }, { output: 1 }] },
      settings: { writer: { arguments: { Prefix: "out" } } },
    });
    await world.send({ type: "ResultFileWritten", key, number: 0, file: { Key: "out/SUCCEEDED_0.json", Size: 5 } });
    expect(world.open.at(-1)).toMatchObject({ kind: "writeResults" });
    await world.send({ type: "ResultsWritten", key, output: { written: true } });
    expect(world.state).toMatchObject({ status: "succeeded", output: { written: true } });
  });

  it("that cannot read fails with States.ItemReaderFailed", async () => {
    const world = mapOf({
      ItemReader: { Resource: "arn:aws:states:::s3:getObject", Parameters: { Bucket: "b", Key: "k" } },
    });
    await world.start({});
    const [read] = world.open;
    if (read?.kind !== "readItems") throw new Error("nothing to read");
    await world.send({ type: "ItemsReadFailed", key: read.key, cause: "no such key" });
    expect(world.state).toMatchObject({ error: "States.ItemReaderFailed", cause: "no such key" });
  });

  it("that is given room starts more children at once, and that lost it starts none until it is there again", async () => {
    const world = mapOf({ MaxConcurrency: 1 });
    await world.start([1, 2, 3, 4]);
    const { key } = children(world);
    const update = (change: object) => world.send({ type: "UpdateMapRun", mapRun: nameOf(world), change });
    await update({ maxConcurrency: 3 });
    expect(children(world).indexes).toEqual([1, 2]);
    await update({ maxConcurrency: 1 });
    const ended = (index: number) => ({ index, status: "succeeded", output: null }) as const;
    await world.send({ type: "ChildrenFinished", key, children: [ended(0), ended(1)] });
    expect(children(world).indexes).toEqual([1, 2]);
    await world.send({ type: "ChildrenFinished", key, children: [ended(2)] });
    expect(children(world).indexes).toEqual([3]);
    await world.send({ type: "UpdateMapRun", mapRun: "another", change: {} });
    expect(world.refused).toBe("unknown-map-run");
  });

  it("fails when its tolerance is taken below what has failed", async () => {
    const world = mapOf({ ToleratedFailureCount: 5 });
    await world.start([1, 2]);
    const { key } = children(world);
    await world.send({ type: "ChildrenFinished", key, children: [{ index: 0, status: "failed", error: "E" }] });
    expect(world.state.status).toBe("running");
    await world.send({ type: "UpdateMapRun", mapRun: nameOf(world), change: { toleratedFailureCount: 0 } });
    expect(world.state).toMatchObject({ status: "failed", error: "States.ExceedToleratedFailureThreshold" });
  });

  it("says that it was aborted when its run is stopped", async () => {
    const world = mapOf({});
    await world.start([1, 2]);
    await world.send({ type: "Stop" });
    expect(world.types.slice(-3)).toEqual(["MapRunAborted", "MapStateAborted", "ExecutionAborted"]);
    expect(world.open).toEqual([]);
  });

  it("starts no new children while the run is paused", async () => {
    const world = mapOf({ MaxConcurrency: 1 });
    await world.start([1, 2]);
    const { key } = children(world);
    await world.send({ type: "Pause" });
    world.open = [];
    await world.send({ type: "ChildrenFinished", key, children: [{ index: 0, status: "succeeded", output: 1 }] });
    expect(world.open).toEqual([]);
    await world.send({ type: "Resume" });
    expect(children(world).indexes).toEqual([1]);
  });

  it("without items succeeds at once", async () => {
    const world = mapOf({});
    await world.start([]);
    expect(world.state).toMatchObject({ status: "succeeded", output: [] });
  });
});
