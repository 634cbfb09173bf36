import type { Json } from "../../domain/kernel/json.ts";

// The machines that the bench of the engine runs.

type State = Record<string, Json>;

/** Does nothing outside, so all that it takes is the engine's: decide, journal, commit, next. */
export function echo(): State {
  return { Type: "Task", Resource: "arn:aws:lambda:test:000000000000:function:echo" };
}

export function http(url: string): State {
  return { Type: "Task", Resource: "weft:http:request", Parameters: { method: "POST", url }, ResultPath: null };
}

export function pass(): State {
  return { Type: "Pass" };
}

export function chain(length: number, state: State): Json {
  const states: State = {};
  for (let i = 1; i <= length; i++) {
    states[`S${i}`] = { ...state, ...(i === length ? { End: true } : { Next: `S${i + 1}` }) };
  }
  return { StartAt: "S1", States: states };
}

/** A Choice leads by its second rule, so both are evaluated. */
export function choices(length: number): Json {
  const states: State = { Done: { Type: "Succeed" } };
  for (let i = 1; i <= length; i++) {
    const next = i === length ? "Done" : `S${i + 1}`;
    states[`S${i}`] = {
      Type: "Choice",
      Choices: [
        { Variable: "$.n", NumericGreaterThan: 10, Next: "Done" },
        { Variable: "$.n", NumericEquals: 1, Next: next },
      ],
      Default: "Done",
    };
  }
  return { StartAt: "S1", States: states };
}

export function parallel(width: number, state: State): Json {
  const branch = (_: unknown, i: number) => ({ StartAt: `B${i}`, States: { [`B${i}`]: { ...state, End: true } } });
  return {
    StartAt: "All",
    States: { All: { Type: "Parallel", Branches: Array.from({ length: width }, branch), End: true } },
  };
}

export function mapOf(state: State): Json {
  return {
    StartAt: "All",
    States: { All: { Type: "Map", ItemsPath: "$.items", ItemProcessor: chain(1, state), End: true } },
  };
}

export function review(): State {
  return { Type: "Task", Resource: "weft:review:request", Parameters: { title: "?" } };
}

export function wait(seconds: number): State {
  return { Type: "Wait", Seconds: seconds };
}

/** A history of about 2 events a state, which then stands still at a review. */
export function longHistory(states: number): Json {
  const machine = chain(states, pass()) as { StartAt: string; States: State };
  machine.States[`S${states}`] = { Type: "Pass", Next: "Ask" };
  machine.States.Ask = { ...review(), End: true };
  return machine;
}
