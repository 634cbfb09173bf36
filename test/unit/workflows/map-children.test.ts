import { describe, expect, it } from "vitest";
import type { StartChildrenEffect } from "../../../domain/workflows/run/effects.ts";
import { MapChildren } from "../../../durable-objects/workflow-run/map-children.ts";
import type { RunActors, StartedChild, StartRunRequest } from "../../../services/workflows/ports.ts";

const ORIGIN = {
  tenantId: "ten_1",
  runId: "run_1",
  workflow: "w",
  version: 1,
  definition: "{}",
  traceId: "t",
  depth: 0,
};
const wave = (...indexes: number[]) =>
  ({ kind: "startChildren", key: "0/M/3.0~0", state: "M", settings: { executionType: "EXPRESS" }, indexes }) as unknown;

/** A map run of children that end as they are started. */
function aMapRun(open: Set<number>) {
  const started: unknown[] = [];
  const ends: number[] = [];
  let answer: () => void = () => {};
  const children = new MapChildren({
    origin: () => ({ ...ORIGIN, type: "STANDARD", name: "run_1", slot: null }),
    actors: () =>
      ({
        async startChildren(_tenantId: string, requests: readonly StartRunRequest[]): Promise<StartedChild[]> {
          started.push(...requests.map(({ input }) => input));
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
          return requests.map(({ runId, input }) => {
            const outcome = { index: Number(input), status: "succeeded", output: null } as const;
            return { runId, outcome };
          });
        },
      }) as Partial<RunActors> as RunActors,
    isAwaited: (_key, index) => open.has(index),
    inputOf: async (_effect, index) => ({ input: index }),
    finished: (_key, { index }) => ends.push(index),
  });
  const start = (...indexes: number[]) => children.start(wave(...indexes) as StartChildrenEffect, () => true);
  const answered = async () => {
    answer();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { children, started, ends, start, answered };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("the children of a map run", () => {
  it("are started once, however often the guard asks for all that are open", async () => {
    const open = new Set([0, 1, 2, 3]);
    const { started, start } = aMapRun(open);
    void start(0, 1);
    await settled();
    void start(0, 1, 2, 3);
    await settled();
    expect(started).toEqual([0, 1]);
  });

  it("are not started again that were started and ended while a later question waited for its turn", async () => {
    const open = new Set([0, 1, 256, 257]);
    const { children, started, ends, start, answered } = aMapRun(open);
    void start(0, 1);
    void start(256, 257);
    await settled();
    // Neither of the second two has been sent, so the guard's question names them; its turn comes after theirs.
    void start(0, 1, 256, 257);
    for (let turn = 0; turn < 3; turn++) {
      await answered();
      for (const index of ends.splice(0)) {
        open.delete(index);
        children.ended("0/M/3.0~0", index);
      }
    }
    expect(started).toEqual([0, 1, 256, 257]);
  });
});
