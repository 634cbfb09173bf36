import fc from "fast-check";
import { expect, it } from "vitest";
import { nothingHeld } from "../../../../domain/workflows/run/holding.ts";
import {
  initialState,
  type Phase,
  type RunState,
  type Timer,
  type Visit,
} from "../../../../domain/workflows/run/state.ts";
import { addTimer, dropEndedTimers } from "../../../../domain/workflows/run/timers.ts";

function waiting(untils: readonly number[]): RunState {
  const state = initialState();
  untils.forEach((until, i) => {
    const id = String(i);
    const visit: Visit = { state: "W", type: "Wait", entered: 1, enteredAt: 0, input: null, retries: [] };
    const phase: Phase = { at: "wait", visit, until };
    state.scopes[id] = { id, parent: null, index: 0, variables: {}, last: 0, phase, held: nothingHeld() };
    addTimer(state, { at: until, kind: "wait", owner: id, order: i });
  });
  return state;
}

function endNext(state: RunState): Timer | undefined {
  const [next] = state.timers;
  if (next !== undefined) delete state.scopes[next.owner];
  dropEndedTimers(state);
  return next;
}

it("timers ring in the order of time, those of one instant in the order they were set", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { maxLength: 60 }), (untils) => {
      const state = waiting(untils);
      const rung: (Timer | undefined)[] = untils.map(() => endNext(state));
      const expected = untils.map((at, order) => [at, order]).sort(([a = 0, i = 0], [b = 0, j = 0]) => a - b || i - j);
      expect(rung.map((timer) => [timer?.at, timer?.order])).toEqual(expected);
      expect(state.timers).toEqual([]);
    }),
  );
});

it("timers whose owner is gone do not pile up", () => {
  const state = waiting([1_000]);
  for (let i = 1; i < 5_000; i++) addTimer(state, { at: 2_000, kind: "timeout", owner: String(i), order: i });
  expect(state.timers.length).toBeLessThan(200);
  expect(state.timers[0]?.owner).toBe("0");
});
