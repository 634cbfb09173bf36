import type { Task } from "../../domain/jobs/message.ts";
import type { ServiceContext } from "../../services/context.ts";

/** Which verb does each type of task. Exhaustive: a new type does not compile before it has its line. */
export async function handleTask(ctx: ServiceContext, task: Task): Promise<void> {
  switch (task.type) {
    case "document.ingest":
    case "document.remove":
    case "knowledge-base.remove":
      throw new Error(`No handler for ${task.type} of ${ctx.tenant.id}`);
    default:
      return task satisfies never;
  }
}
