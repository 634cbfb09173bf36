import type { Refusal, RunCommand } from "./command.ts";
import {
  childrenFinished,
  failMapRun,
  itemsRead,
  mapRunUpdated,
  resultFileWritten,
  resultsWritten,
} from "./distributed-map.ts";
import { mapRunKey } from "./effects.ts";
import type { Failure } from "./event.ts";
import { fanOutOf, type MapRun, type Scope } from "./state.ts";
import type { Turn } from "./turn.ts";

type Update = Extract<RunCommand, { readonly type: "UpdateMapRun" }>;
type MapRunAnswer = Extract<RunCommand, { readonly key: string }>;

export async function answerMapRun(turn: Turn, command: MapRunAnswer): Promise<Refusal | null> {
  const found = findMapRun(turn, command.key);
  if (found === null) return "unknown-map-run";
  const { scope, mapRun } = found;
  switch (command.type) {
    case "ItemsRead":
      if (mapRun.stage !== "reading") return "unknown-map-run";
      await itemsRead(turn, scope, command.items);
      return null;
    case "ItemsReadFailed":
      if (mapRun.stage !== "reading") return "unknown-map-run";
      await failMapRun(turn, scope, named(command, "States.ItemReaderFailed"));
      return null;
    case "ChildrenFinished": {
      if (mapRun.stage !== "running") return "unknown-map-run";
      const open = fanOutOf(scope.phase)?.open ?? {};
      const children = command.children.filter(({ index }) => open[index] !== undefined);
      if (children.length === 0) return "unknown-map-run";
      await childrenFinished(turn, scope, children);
      return null;
    }
    case "ResultFileWritten":
      if (!isNextFile(mapRun, command.number)) return "unknown-map-run";
      await resultFileWritten(turn, scope, command.file);
      return null;
    case "ResultsWritten":
      if (mapRun.stage !== "writing") return "unknown-map-run";
      await resultsWritten(turn, scope, command.output);
      return null;
    case "ResultsWriteFailed":
      if (mapRun.stage !== "writing" && mapRun.resultFiles === undefined) return "unknown-map-run";
      await failMapRun(turn, scope, named(command, "States.ResultWriterFailed"));
      return null;
    default:
      return command satisfies never;
  }
}

function isNextFile({ resultFiles }: MapRun, number: number): boolean {
  return resultFiles !== undefined && resultFiles.full.length > 0 && resultFiles.written.length === number;
}

/** By its name, as the event that began it says it. */
export async function updateMapRun(turn: Turn, { mapRun, change }: Update): Promise<Refusal | null> {
  for (const scope of Object.values(turn.state.scopes)) {
    if (scope.phase.at !== "fanOut" || scope.phase.fanOut.mapRun?.arn !== mapRun) continue;
    await mapRunUpdated(turn, scope, change);
    return null;
  }
  return "unknown-map-run";
}

function named({ error, cause }: Failure, usual: string): Failure {
  return { error: error ?? usual, ...(cause !== undefined && { cause }) };
}

/** A map run's key begins with its scope; the whole must be that of the attempt under way. */
function findMapRun(turn: Turn, key: string): { scope: Scope; mapRun: MapRun } | null {
  const scope = turn.state.scopes[key.slice(0, key.indexOf("/"))];
  if (scope?.phase.at !== "fanOut") return null;
  const { fanOut } = scope.phase;
  if (fanOut.mapRun === undefined || mapRunKey(turn.state, scope, fanOut) !== key) return null;
  return { scope, mapRun: fanOut.mapRun };
}
