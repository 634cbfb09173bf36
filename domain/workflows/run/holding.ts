import type { Json, JsonObject } from "../../kernel/json.ts";
import { charactersOf } from "./payload.ts";
import { type Held, type RunState, type Scope, visitOf } from "./state.ts";

// What a run holds in memory at once. Only evolve() changes it, along with the values it counts. A value that several scopes share
// counts for each: read back from a journal or a snapshot it is as many values.

/** A quarter of an isolate's 128 MB, which other runs share; eight of the largest payloads, 128 of the usual ones. */
export const MAX_HELD_CHARACTERS = 33_554_432;

export function nothingHeld(): Held {
  return { value: 0, work: 0, variables: 0 };
}

export function hold(state: RunState, scope: Scope, part: keyof Held, characters: number): void {
  state.held += characters - scope.held[part];
  scope.held[part] = characters;
}

/** Of a scope that is forgotten. */
export function release(state: RunState, { held }: Scope): void {
  state.held -= held.value + held.work + held.variables;
}

export function assign(state: RunState, scope: Scope, assigned: JsonObject): void {
  let characters = scope.held.variables;
  for (const name in assigned) characters += charactersOf(assigned[name]) - charactersOf(scope.variables[name]);
  hold(state, scope, "variables", characters);
  Object.assign(scope.variables, assigned);
}

/** What comes out of the state before was counted when it came. */
export function holdInput(state: RunState, scope: Scope, input: Json): void {
  const { phase } = scope;
  if (phase.at !== "next" || phase.input !== input) hold(state, scope, "value", charactersOf(input));
  hold(state, scope, "work", 0);
}

/** Of a state that is left: its input, the result of its Task, or something new. The former two were counted already. */
export function holdOutput(state: RunState, scope: Scope, output: Json): void {
  const { phase, held } = scope;
  const isResult = phase.at === "result" && phase.fanOut === undefined && phase.result === output;
  if (isResult) hold(state, scope, "value", held.work);
  else if (visitOf(phase)?.input !== output) hold(state, scope, "value", charactersOf(output));
  hold(state, scope, "work", 0);
}
