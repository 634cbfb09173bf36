import type { Json, JsonObject } from "../../kernel/json.ts";
import type { Work } from "./work.ts";

/**
 * What an expression may look at. In JSONPath `input` is what `$` means in the field at hand (the raw result in a
 * ResultSelector, the error output in a Catcher's Assign); in JSONata it is always the state's input.
 */
export interface EvaluationScope {
  readonly input: Json;
  readonly context: JsonObject;
  readonly variables: Readonly<Record<string, Json>>;
  readonly result?: Json;
  readonly errorOutput?: Json;
  readonly work: Work;
}

/** Everything an expression may not decide by itself, so that a journaled run can be replayed. */
export interface Chance {
  now(): Date;
  /** Uniform in [0, 1). */
  random(): number;
  /** Random UUID, version 4, lower case. */
  uuid(): string;
}
