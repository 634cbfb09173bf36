import { and, eq, or } from "drizzle-orm";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { tasks } from "./table.ts";

/** So long after its consumer died, a task may be taken up by another; the clock's next minute rings for it. */
export const LEASE_MS = 30 * SECOND_MS;
/** Of three renewals two may be lost. */
const RENEWED_EVERY_MS = LEASE_MS / 3;

/** What tells that a task is still its consumer's: each claim counts an attempt. */
export type TaskClaim = Pick<typeof tasks.$inferSelect, "id" | "tenantId" | "attempts">;

/** Does the work of tasks of one tenant that were claimed, and renews their lease until it is done. */
export async function underLease<T>(
  platform: PlatformContext,
  claims: readonly TaskClaim[],
  work: () => Promise<T>,
): Promise<T> {
  const beat = setInterval(() => void renew(platform, claims), RENEWED_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}

/** Those of one tenant's tasks that no other consumer took up. */
export function isClaimed(claims: readonly TaskClaim[]) {
  const [first] = claims;
  const each = claims.map(({ id, attempts }) => and(eq(tasks.id, id), eq(tasks.attempts, attempts)));
  return and(eq(tasks.tenantId, first?.tenantId ?? ""), or(...each));
}

/** One that is lost is made up for by the next. */
async function renew(platform: PlatformContext, claims: readonly TaskClaim[]): Promise<void> {
  try {
    await platform.db
      .update(tasks)
      .set({ availableAt: platform.clock.now() + LEASE_MS })
      .where(and(isClaimed(claims), eq(tasks.status, "running")));
  } catch (error) {
    platform.log.warn("task.lease-not-renewed", { cause: String(error) });
  }
}
