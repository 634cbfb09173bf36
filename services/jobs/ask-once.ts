import { eq, sql } from "drizzle-orm";
import type { Task } from "../../domain/jobs/message.ts";
import { idOf } from "../../domain/kernel/id.ts";
import { HOUR_MS } from "../../domain/kernel/time.ts";
import { PLATFORM_TENANT, ring } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { tasks } from "./table.ts";

const FAILED_AGAIN_AFTER_MS = HOUR_MS;

/**
 * Stores a task of the platform that the clock asks for until it is done: one for each `subject`. One that failed for good is
 * begun anew after an hour.
 */
export async function askOnce(platform: PlatformContext, subject: string, task: Task): Promise<void> {
  const now = platform.clock.now();
  const begun = { status: "queued" as const, attempts: 0, availableAt: now, cause: null, finishedAt: null };
  const id = idOf("job", `${task.type}/${subject}`);
  const isPast = sql`${tasks.finishedAt} < ${now - FAILED_AGAIN_AFTER_MS}`;
  const isOver = sql`${eq(tasks.tenantId, PLATFORM_TENANT)} and (${eq(tasks.status, "succeeded")} or ${isPast})`;
  const asked = await platform.db
    .insert(tasks)
    .values({ id, tenantId: PLATFORM_TENANT, ...task, ...begun, createdAt: now })
    .onConflictDoUpdate({ target: tasks.id, set: begun, setWhere: isOver })
    .returning({ id: tasks.id });
  if (asked.length > 0) await ring(platform, [{ id, tenantId: PLATFORM_TENANT }]);
}
