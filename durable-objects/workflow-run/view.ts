import { isoTime } from "../../domain/kernel/time.ts";
import type { RunEvent } from "../../domain/workflows/run/event.ts";
import type { WaitingFor as Wait } from "../../domain/workflows/run/projection.ts";
import { progress, waitingFor } from "../../domain/workflows/run/projection.ts";
import type { RunState } from "../../domain/workflows/run/state.ts";
import { isEnded } from "../../domain/workflows/run/state.ts";
import type { Run, RunEventView, WaitingFor } from "../../domain/workflows/run-view.ts";
import type { Live } from "./live-run.ts";

/** The run as clients see it. */
export function toRun({ origin, state, isQueued }: Pick<Live, "origin" | "state" | "isQueued">): Run {
  return {
    id: origin.runId,
    workflow: origin.workflow,
    version: origin.version,
    ...(origin.qualifier !== undefined && { qualifier: origin.qualifier }),
    name: origin.name,
    status: state.status,
    input: state.input,
    ...(state.output !== undefined && { output: state.output }),
    ...(state.error !== undefined && { error: state.error }),
    ...(state.cause !== undefined && { cause: state.cause }),
    startedAt: isoTime(state.startedAt),
    ...(state.stoppedAt !== undefined && { stoppedAt: isoTime(state.stoppedAt) }),
    seq: state.seq,
    progress: progress(state),
    waitingFor: isQueued ? slotWait(state) : waitingFor(state).map(toWaitingFor),
    redrives: state.redrives,
    ...(origin.parentRunId !== undefined && { parentRunId: origin.parentRunId }),
    ...(origin.mapState !== undefined && { mapState: origin.mapState }),
    traceId: origin.traceId,
  };
}

/** Over the tenant's limit: the run has begun and enters its first state once a slot is free. */
function slotWait(state: RunState): WaitingFor[] {
  const [first = ""] = progress(state).current;
  return isEnded(state) ? [] : [{ kind: "slot", state: first, since: isoTime(state.startedAt) }];
}

const INSIDE = ["credentials", "limits", "startAt", "deadline"] as const;

/** One event of the history. What only replay needs, and credentials, stay inside. */
export function toEventView(event: RunEvent): RunEventView {
  const { at, ...shown } = event;
  const view: RunEventView = { ...shown, at: isoTime(at) };
  for (const member of INSIDE) delete view[member];
  return view;
}

function toWaitingFor(wait: Wait): WaitingFor {
  const { since, until, ...rest } = wait as Wait & { since?: number; until?: number };
  return {
    ...rest,
    ...(since !== undefined && { since: isoTime(since) }),
    ...(until !== undefined && { until: isoTime(until) }),
  };
}
