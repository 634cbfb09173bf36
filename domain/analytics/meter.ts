import * as z from "zod";

/** What a row of usage tells of. */
export type UsageKind = "chat" | "embedding" | "run" | "document";

/** What is added up for each kind of use. */
export interface UsageSums {
  calls: number;
  failures: number;
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  estimatedCalls: number;
  estimatedInputTokens: number;
  estimatedOutputTokens: number;
  costUsdMicros: number;
  unpricedCalls: number;
  cacheHits: number;
  savedUsdMicros: number;
  runs: number;
  mapChildRuns: number;
  stateTransitions: number;
  documents: number;
  chunks: number;
}

export interface MeterRule {
  kind: UsageKind;
  quantity: keyof UsageSums;
  /** How much of the quantity is an estimate; meters without it are always exact. */
  estimated?: keyof UsageSums;
  /** What stands beside the quantity: what it cost, or what it saved. */
  money?: "cost" | "saved";
}

/** Every meter, in the order in which answers list them. Cost stands on calls alone, so that it is in no sum twice. */
export const METERS = {
  "chat-calls": { kind: "chat", quantity: "calls", estimated: "estimatedCalls", money: "cost" },
  "input-tokens": { kind: "chat", quantity: "inputTokens", estimated: "estimatedInputTokens" },
  "cached-input-tokens": { kind: "chat", quantity: "cachedInputTokens" },
  "output-tokens": { kind: "chat", quantity: "outputTokens", estimated: "estimatedOutputTokens" },
  "cache-hits": { kind: "chat", quantity: "cacheHits", money: "saved" },
  "embedding-calls": { kind: "embedding", quantity: "calls", estimated: "estimatedCalls", money: "cost" },
  "embedding-tokens": { kind: "embedding", quantity: "inputTokens", estimated: "estimatedInputTokens" },
  runs: { kind: "run", quantity: "runs" },
  "map-child-runs": { kind: "run", quantity: "mapChildRuns" },
  "state-transitions": { kind: "run", quantity: "stateTransitions" },
  documents: { kind: "document", quantity: "documents" },
  chunks: { kind: "document", quantity: "chunks" },
} as const satisfies Record<string, MeterRule>;

export const Meter = z.enum(Object.keys(METERS) as (keyof typeof METERS)[]).meta({ id: "Meter" });
export type Meter = z.infer<typeof Meter>;
