import { describe, expect, it } from "vitest";
import { mapRunsOf } from "../../../domain/workflows/map-run-view.ts";
import type { RunEvent, RunEventBody } from "../../../domain/workflows/run/event.ts";

let seq = 0;

function at(scope: string, body: RunEventBody): RunEvent {
  seq += 1;
  return { seq, at: seq * 1_000, previousEventId: seq - 1, scope, ...body };
}

const began = (length: number, scope = "0") =>
  at(scope, { type: "MapStateStarted", state: "M", mode: "DISTRIBUTED", length, maxConcurrency: 3 });
const settings = { executionType: "STANDARD", toleratedFailureCount: 1 } as const;
const succeeded = (index: number) => ({ index, status: "succeeded", output: null }) as const;
const failed = (index: number) => ({ index, status: "failed", error: "E" }) as const;

describe("the map runs of a history", () => {
  it("count their children as they end", () => {
    const [view] = mapRunsOf([
      began(3),
      at("0", { type: "MapRunStarted", state: "M", mapRun: "run/M:1", settings }),
      at("0", { type: "RunChildrenFinished", state: "M", children: [succeeded(0), failed(2)] }),
    ]);
    const counted = { total: 3, succeeded: 1, failed: 1 };
    expect(view).toMatchObject({ name: "run/M:1", status: "RUNNING", maxConcurrency: 3, stoppedAt: null });
    expect(view).toMatchObject({ children: counted, items: counted });
  });

  it("count the items of each batch, the shorter last one too", () => {
    const [view] = mapRunsOf([
      began(7),
      at("0", { type: "MapRunStarted", state: "M", mapRun: "run/M:1", settings, batches: [0, 3, 6] }),
      at("0", { type: "RunChildrenFinished", state: "M", children: [succeeded(0), failed(2)] }),
    ]);
    expect(view?.children).toEqual({ total: 3, succeeded: 1, failed: 1, written: 0 });
    expect(view?.items).toEqual({ total: 7, succeeded: 3, failed: 1, written: 0 });
  });

  it("count what is in result files as these are written, and the failed ones with the manifest", () => {
    const writer = { resource: "arn:aws:states:::s3:putObject", arguments: { Bucket: "b" }, config: null };
    const events = [
      began(7),
      at("0", {
        type: "MapRunStarted",
        state: "M",
        mapRun: "run/M:1",
        settings: { ...settings, writer },
        batches: [0, 3, 6],
      }),
      at("0", { type: "RunChildrenFinished", state: "M", children: [succeeded(0), failed(2), succeeded(1)] }),
      at("0", { type: "RunResultFileWritten", state: "M", file: { Key: "k", Size: 1 }, children: [0, 1] }),
    ];
    expect(mapRunsOf(events)[0]).toMatchObject({ children: { written: 2 }, items: { written: 6 } });
    events.push(at("0", { type: "RunResultsWritten", state: "M", output: {} }));
    expect(mapRunsOf(events)[0]).toMatchObject({ children: { written: 3 }, items: { written: 7 } });
  });

  it("know how many there are once the items are read", () => {
    const reader = { resource: "arn:aws:states:::s3:getObject", arguments: {} } as never;
    const events = [
      began(0),
      at("0", { type: "MapRunStarted", state: "M", mapRun: "run/M:1", settings: { ...settings, reader } }),
    ];
    expect(mapRunsOf(events)[0]?.items.total).toBe(0);
    events.push(at("0", { type: "RunItemsRead", state: "M", items: [1, 2] }));
    expect(mapRunsOf(events)[0]).toMatchObject({ items: { total: 2 }, children: { total: 2 } });
  });

  it("are told apart by scope and by visit", () => {
    const views = mapRunsOf([
      began(1, "5.0"),
      began(2, "5.1"),
      at("5.0", { type: "MapRunStarted", state: "M", mapRun: "run/M:1", settings }),
      at("5.1", { type: "MapRunStarted", state: "M", mapRun: "run/M:2", settings }),
      at("5.1", { type: "MapRunFailed", state: "M", error: "E" }),
      at("5.0", { type: "MapRunSucceeded", state: "M" }),
      began(3, "5.1"),
      at("5.1", { type: "MapRunStarted", state: "M", mapRun: "run/M:3", settings }),
      at("5.1", { type: "MapRunAborted", state: "M" }),
    ]);
    expect(views.map(({ name, status, items }) => [name, status, items.total])).toEqual([
      ["run/M:1", "SUCCEEDED", 1],
      ["run/M:2", "FAILED", 2],
      ["run/M:3", "ABORTED", 3],
    ]);
  });

  it("end with their run, and go on when it is redriven", () => {
    const events = [
      began(2),
      at("0", { type: "MapRunStarted", state: "M", mapRun: "run/M:1", settings }),
      at("0", { type: "RunChildrenFinished", state: "M", children: [succeeded(0), failed(1)] }),
      at("0", { type: "ExecutionTimedOut", error: "States.Timeout" }),
    ];
    expect(mapRunsOf(events)[0]).toMatchObject({ status: "ABORTED", stoppedAt: events.at(-1)?.at });
    events.push(at("0", { type: "ExecutionRedriven", redriveCount: 1 }));
    const counted = { total: 2, succeeded: 1, failed: 0 };
    expect(mapRunsOf(events)[0]).toMatchObject({ status: "RUNNING", stoppedAt: null, children: counted });
  });

  it("that failed and were caught are not begun again by a later redrive", () => {
    const [view] = mapRunsOf([
      began(1),
      at("0", { type: "MapRunStarted", state: "M", mapRun: "run/M:1", settings }),
      at("0", { type: "MapRunFailed", state: "M", error: "E" }),
      at("0", { type: "MapStateExited", state: "M", output: null, next: "After" }),
      at("0", { type: "ExecutionFailed", error: "E" }),
      at("0", { type: "ExecutionRedriven", redriveCount: 1 }),
    ]);
    expect(view?.status).toBe("FAILED");
  });

  it("tell the pace and tolerance that they were given last", () => {
    const [view] = mapRunsOf([
      began(1),
      at("0", { type: "MapRunStarted", state: "M", mapRun: "run/M:1", settings }),
      at("0", { type: "RunMapRunUpdated", state: "M", change: { maxConcurrency: 9, toleratedFailurePercentage: 5 } }),
    ]);
    expect(view).toMatchObject({
      maxConcurrency: 9,
      settings: { toleratedFailureCount: 1, toleratedFailurePercentage: 5 },
    });
  });
});
