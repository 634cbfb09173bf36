import { and, eq, notInArray } from "drizzle-orm";
import type { TaskType } from "../../domain/jobs/message.ts";
import type { ServiceContext } from "../context.ts";
import type { TaskRow } from "./stored-tasks.ts";
import { tasks } from "./table.ts";

/** The tenant's tasks of a type that did not end well, or not yet. */
export async function unfinishedTasks(ctx: ServiceContext, type: TaskType): Promise<TaskRow[]> {
  return ctx.db
    .select()
    .from(tasks)
    .where(
      and(
        eq(tasks.tenantId, ctx.tenant.id),
        eq(tasks.type, type),
        notInArray(tasks.status, ["succeeded", "cancelled"]),
      ),
    );
}
