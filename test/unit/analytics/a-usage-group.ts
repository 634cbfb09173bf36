import type { UsageGroup } from "../../../domain/analytics/usage.ts";

const NOTHING = {
  ...{ calls: 0, failures: 0, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
  ...{ estimatedCalls: 0, estimatedInputTokens: 0, estimatedOutputTokens: 0 },
  ...{ costUsdMicros: 0, unpricedCalls: 0, cacheHits: 0, savedUsdMicros: 0 },
  ...{ runs: 0, mapChildRuns: 0, stateTransitions: 0, documents: 0, chunks: 0 },
};

/** Use of one kind: nothing but what is said. */
export function aUsageGroup(kind: UsageGroup["kind"], more: Partial<UsageGroup>): UsageGroup {
  return { ...NOTHING, kind, ...more };
}
