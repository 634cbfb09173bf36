import type { Json, JsonObject } from "../../../../domain/kernel/json.ts";
import type { StateError } from "../../../../domain/workflows/expression/error.ts";
import type { Chance, EvaluationScope } from "../../../../domain/workflows/expression/scope.ts";
import { Work } from "../../../../domain/workflows/expression/work.ts";

/** A clock that stands at 2026-01-02T03:04:05.006Z, a die that always shows the middle. */
export const chance: Chance = {
  now: () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
  random: () => 0.5,
  uuid: () => "00000000-0000-4000-8000-000000000000",
};

export function aScope(input: Json, variables: JsonObject = {}, context: JsonObject = {}): EvaluationScope {
  return { input, variables, context, work: new Work() };
}

/** The error a call or a promise ends with. */
export async function failureOf(run: () => unknown): Promise<StateError> {
  try {
    await run();
  } catch (failure) {
    return failure as StateError;
  }
  throw new Error("it did not fail");
}
