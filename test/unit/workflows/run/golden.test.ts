import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { RunEvent } from "../../../../domain/workflows/run/event.ts";
import { progress, summary } from "../../../../domain/workflows/run/projection.ts";
import { replay, rewindState } from "../../../../domain/workflows/run/replay.ts";
import { World } from "./world.ts";

// A journal of an earlier version must go on to replay: changing this file means breaking runs that are under way.
// UPDATE_GOLDEN=1 writes it anew.
const JOURNAL = `${import.meta.dirname}/golden-journal.jsonl`;

const task = { Type: "Task", Resource: "weft:function:call", Parameters: { name: "f" } };
const definition = {
  StartAt: "Begin",
  TimeoutSeconds: 3_600,
  States: {
    Begin: { Type: "Pass", Assign: { mode: "careful" }, Next: "Each" },
    Each: {
      Type: "Map",
      ItemsPath: "$.items",
      MaxConcurrency: 1,
      ItemProcessor: { StartAt: "Work", States: { Work: { ...task, Retry: [{ ErrorEquals: ["Flaky"] }], End: true } } },
      ResultPath: "$.results",
      Next: "Both",
    },
    Both: {
      Type: "Parallel",
      Branches: [
        { StartAt: "Approve", States: { Approve: { ...task, Resource: "weft:review:request", End: true } } },
        { StartAt: "Rest", States: { Rest: { Type: "Wait", Seconds: 30, End: true } } },
      ],
      ResultPath: "$.both",
      Next: "Last",
    },
    Last: { ...task, TimeoutSeconds: 60, Catch: [{ ErrorEquals: ["States.ALL"], Next: "Sorry" }], End: true },
    Sorry: { Type: "Pass", End: true },
  },
};

async function story(): Promise<World> {
  const world = new World(definition);
  await world.start({ items: ["a", "b"] });
  await world.fail("Work", "Flaky");
  await world.ring();
  await world.succeed("Work", 1);
  await world.send({ type: "Pause" });
  await world.succeed("Work", 2).catch(() => {});
  await world.send({ type: "Resume" });
  await world.succeed("Work", 2).catch(() => {});
  const { reviewId } = world.task("Approve");
  await world.send({ type: "DecideReview", reviewId: reviewId ?? "", decision: "approve", decidedBy: "usr_1" });
  const restored = rewindState(world.journal, 2);
  if (restored !== null) await world.send({ type: "Rewind", toSeq: 2, restored });
  await world.succeed("Work", 3);
  await world.succeed("Work", 4);
  const again = world.task("Approve").reviewId;
  await world.send({ type: "DecideReview", reviewId: again ?? "", decision: "approve", decidedBy: "usr_1" });
  await world.ring();
  await world.ring();
  return world;
}

it("a journal of an earlier version replays to the same run", async () => {
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(JOURNAL, `${(await story()).stored.join("\n")}\n`);
  const lines = readFileSync(JOURNAL, "utf8").trim().split("\n");
  const state = replay(lines.map((line) => JSON.parse(line) as RunEvent));
  expect(summary(state)).toMatchObject({ status: "succeeded", seq: lines.length, error: null });
  expect(state.output).toEqual({ Error: "States.Timeout", Cause: "" });
  expect(state.scopes["0"]?.variables).toEqual({ mode: "careful" });
  expect(progress(state)).toEqual({ entered: 9, exited: 9, current: [] });
});

it("the same story still writes the same journal", async () => {
  expect((await story()).stored.map((line) => JSON.parse(line))).toEqual(
    readFileSync(JOURNAL, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
});
