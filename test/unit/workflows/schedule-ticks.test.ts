import { describe, expect, it } from "vitest";
import { plannedStarts, wantedTicks } from "../../../domain/workflows/schedule-ticks.ts";

const MINUTE = 60_000;
const NOW = 100 * MINUTE;
const LATE = [10 * MINUTE, 20 * MINUTE];
const IN_TIME = [NOW - 30_000, NOW];

describe("ticks that passed", () => {
  it("are all wanted while somebody is there", () => {
    for (const missed of ["skip", "latest", "all"] as const) expect(wantedTicks(IN_TIME, missed, NOW)).toEqual(IN_TIME);
  });

  it("while nobody was there are made up by the policy", () => {
    expect(wantedTicks(LATE, "skip", NOW)).toEqual([]);
    expect(wantedTicks(LATE, "latest", NOW)).toEqual([20 * MINUTE]);
    expect(wantedTicks(LATE, "all", NOW)).toEqual(LATE);
  });

  it("give way to those in time where only the latest is wanted", () => {
    expect(wantedTicks([...LATE, ...IN_TIME], "latest", NOW)).toEqual(IN_TIME);
    expect(wantedTicks([...LATE, ...IN_TIME], "skip", NOW)).toEqual(IN_TIME);
  });
});

describe("a tick while an earlier run goes on", () => {
  const running = { isRunning: true, buffered: null };

  it("starts beside it, is dropped, or waits", () => {
    expect(plannedStarts([1, 2], { ...running, overlap: "allow" })).toEqual({ starts: [1, 2], buffered: null });
    expect(plannedStarts([1, 2], { ...running, overlap: "skip" })).toEqual({ starts: [], buffered: null });
    expect(plannedStarts([1, 2], { ...running, overlap: "buffer-one" })).toEqual({ starts: [], buffered: 2 });
  });

  it("takes the place of one that waits already", () => {
    expect(plannedStarts([3], { isRunning: true, overlap: "buffer-one", buffered: 2 })).toEqual({
      starts: [],
      buffered: 3,
    });
    expect(plannedStarts([], { isRunning: true, overlap: "buffer-one", buffered: 2 })).toEqual({
      starts: [],
      buffered: 2,
    });
  });
});

describe("ticks when the earlier run has ended", () => {
  const idle = { isRunning: false, buffered: null };

  it("start one run, and the newest of the others waits for it or is dropped", () => {
    expect(plannedStarts([1, 2, 3], { ...idle, overlap: "skip" })).toEqual({ starts: [1], buffered: null });
    expect(plannedStarts([1, 2, 3], { ...idle, overlap: "buffer-one" })).toEqual({ starts: [1], buffered: 3 });
  });

  it("let the one that waited go first", () => {
    expect(plannedStarts([], { isRunning: false, overlap: "buffer-one", buffered: 1 })).toEqual({
      starts: [1],
      buffered: null,
    });
    expect(plannedStarts([2], { isRunning: false, overlap: "buffer-one", buffered: 1 })).toEqual({
      starts: [1],
      buffered: 2,
    });
  });
});
