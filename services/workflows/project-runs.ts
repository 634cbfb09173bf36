import type { PlatformContext } from "../context.ts";

export async function projectRuns(
  _platform: PlatformContext,
  _runs: { runId: string; tenantId: string; seq: number }[],
): Promise<void> {}
