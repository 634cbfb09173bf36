import type { ChildOutcome } from "./event.ts";
import { charactersOf } from "./payload.ts";
import type { RunState } from "./state.ts";

/** What ten thousand children of one Map may tell it without being felt. */
const MAX_TOLD_CHARACTERS = 2_048;

/**
 * How a child run that has ended is told to its distributed Map, where it is item or batch `index`. With `keepsOutput` it tells what a
 * result file says of it, and an output that is large rests with it.
 */
export function mapChildOutcome(index: number, state: RunState, keepsOutput: boolean): ChildOutcome {
  const { status, output = null, cause, startedAt, stoppedAt = startedAt } = state;
  const told = charactersOf(output);
  const record = { characters: charactersOf(state.input) + told, startedAt, stoppedAt };
  const child = { index, ...(keepsOutput && { record }) };
  if (status === "succeeded") {
    const rests = keepsOutput && told > MAX_TOLD_CHARACTERS;
    return { ...child, status, ...(!rests && { output }) };
  }
  const error = state.error ?? (status === "timed_out" ? "States.Timeout" : undefined);
  return {
    ...child,
    status: "failed",
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

/** Whether the Map was not told the output, which must then be kept. */
export function isOutputAtRest(outcome: ChildOutcome): boolean {
  return outcome.status === "succeeded" && outcome.output === undefined;
}
