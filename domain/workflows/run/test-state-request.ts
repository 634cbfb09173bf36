import type { Json, JsonObject } from "../../kernel/json.ts";
import type { Failure } from "./event.ts";

/** What TestState is asked: one state, its input, and what its work answers. */
export interface TestStateRequest {
  /** One state, or a whole definition with `stateName`. */
  readonly definition: Json;
  readonly stateName?: string;
  readonly input: Json;
  readonly roleArn?: string;
  readonly variables?: JsonObject;
  /** Takes the place of the context object. */
  readonly context?: JsonObject;
  readonly mock?: { readonly result: Json } | { readonly failure: Failure };
  readonly configuration?: StateConfiguration;
  readonly inspectionLevel?: "INFO" | "DEBUG" | "TRACE";
}

export interface StateConfiguration {
  /** How often the retrier that matches was used already. */
  readonly retrierRetryCount?: number;
  /** Failed children of a Map. */
  readonly mapIterationFailureCount?: number;
}
