import type { RunCommand } from "../../domain/workflows/run/command.ts";
import type { Effect } from "../../domain/workflows/run/effects.ts";
import { mapChildIds } from "../../domain/workflows/run-place.ts";
import { childOf, waitsForRun } from "../../services/workflows/child-runs.ts";
import type { Origin } from "./journal.ts";
import { childKey } from "./map-children.ts";

/** The runs that an effect starts and the run then waits for, known before they are. */
export function childrenOf({ tenantId, runId }: Origin, effect: Effect): { key: string; runId: string }[] {
  if (effect.kind === "task" && waitsForRun(effect.resource)) {
    return [{ key: effect.key, runId: childOf(tenantId, runId, effect.key, effect.resource, effect.input) }];
  }
  if (effect.kind !== "startChildren") return [];
  const childId = mapChildIds(tenantId, runId, effect.key);
  return effect.indexes.map((index) => ({ key: childKey(effect.key, index), runId: childId(index) }));
}

/** The children that need not be called off any more once this is decided. */
export function endedChildren(command: RunCommand): string[] {
  if (command.type === "ChildrenFinished") return command.children.map(({ index }) => childKey(command.key, index));
  const isEnd = command.type === "TaskSucceeded" || command.type === "TaskFailed";
  return isEnd && "key" in command.task ? [command.task.key] : [];
}
