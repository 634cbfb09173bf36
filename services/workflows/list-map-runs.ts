import { type MapRunView, mapRunsOf } from "../../domain/workflows/map-run-view.ts";
import type { RunEvent } from "../../domain/workflows/run/event.ts";
import type { RunEventView } from "../../domain/workflows/run-view.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { listRunEvents } from "./runs.ts";

const PAGE = 1_000;
const OF_MAPS =
  /^(MapState(Started|Exited)|MapRun.*|Run(ItemsRead|ChildrenFinished|Result.*Written|MapRunUpdated)|Execution(Failed|TimedOut|Aborted|Redriven))$/;

/** The distributed Maps of a run, read from its whole history. */
export async function listMapRuns(ctx: ServiceContext, runId: string): Promise<MapRunView[]> {
  requirePermission(ctx, "runs:read");
  const events: RunEvent[] = [];
  let after = 0;
  for (;;) {
    const page = await listRunEvents(ctx, runId, { after, limit: PAGE, order: "asc" });
    // Of the others, whose payloads may be large, a map run tells nothing.
    events.push(...page.events.filter(({ type }) => OF_MAPS.test(type)).map(asEvent));
    if (!page.hasMore) return mapRunsOf(events);
    after = page.events.at(-1)?.seq ?? after;
  }
}

/** A view is the event with its time as text, less its credentials. */
function asEvent({ at, ...event }: RunEventView): RunEvent {
  return { ...event, at: Date.parse(at) } as unknown as RunEvent;
}
