import { type MapRunView, mapRunsOf } from "../../domain/workflows/map-run-view.ts";
import type { RunEvent } from "../../domain/workflows/run/event.ts";
import type { RunEventView } from "../../domain/workflows/run-view.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { listRunEvents } from "./runs.ts";

const PAGE = 1_000;

/** The distributed Maps of a run, read from its whole history. */
export async function listMapRuns(ctx: ServiceContext, runId: string): Promise<MapRunView[]> {
  requirePermission(ctx, "runs:read");
  const events: RunEvent[] = [];
  for (;;) {
    const page = await listRunEvents(ctx, runId, { after: events.at(-1)?.seq ?? 0, limit: PAGE, order: "asc" });
    events.push(...page.map(asEvent));
    if (page.length < PAGE) return mapRunsOf(events);
  }
}

/** A view is the event with its time as text, less its credentials. */
function asEvent({ at, ...event }: RunEventView): RunEvent {
  return { ...event, at: Date.parse(at) } as unknown as RunEvent;
}
