import type { RunEventView } from "../../domain/workflows/run-view.ts";

/** What the history of a run has told so far. */
export interface Timeline {
  startedAt: number | null;
  /** States that are entered and not yet left, oldest first, by scope and name. */
  open: Map<string, OpenState>;
}

export interface OpenState {
  state: string;
  since: number;
  /** A person is asked; the state goes on only with a decision. */
  isReview: boolean;
}

/** One line of the display. `at` is milliseconds since the start of the run. */
export interface Line {
  kind: "entered" | "exited" | "asked" | "trouble" | "notice" | "ended" | "failed";
  at: number;
  text: string;
  tookMs?: number;
  note?: string;
}

export function newTimeline(): Timeline {
  return { startedAt: null, open: new Map() };
}

/** Takes the next event into the timeline and answers the lines that it adds to the display. */
export function advance(timeline: Timeline, event: RunEventView): Line[] {
  const time = Date.parse(event.at);
  timeline.startedAt ??= time;
  const at = time - timeline.startedAt;
  const { type, state = "" } = event;
  const key = `${textOf(event.scope)}/${state}`;

  if (type.endsWith("StateEntered")) {
    timeline.open.set(key, { state, since: time, isReview: false });
    return [{ kind: "entered", at, text: state }];
  }
  if (type.endsWith("StateExited")) {
    const since = timeline.open.get(key)?.since ?? time;
    timeline.open.delete(key);
    return [{ kind: "exited", at, text: state, tookMs: time - since, ...noted(noteOf(event)) }];
  }
  if (type.endsWith("StateAborted")) {
    timeline.open.delete(key);
    return [{ kind: "trouble", at, text: state, note: "aborted" }];
  }
  switch (type) {
    case "ReviewRequested": {
      const open = timeline.open.get(key);
      if (open !== undefined) open.isReview = true;
      return [{ kind: "asked", at, text: state, note: "waits for a person" }];
    }
    case "ReviewDecided":
      return [{ kind: "notice", at, text: state, note: `decided: ${textOf(event.decision)}` }];
    case "TaskFailed":
    case "TaskTimedOut":
    case "LambdaFunctionFailed":
    case "LambdaFunctionTimedOut":
    case "ActivityFailed":
    case "ActivityTimedOut":
      return [{ kind: "trouble", at, text: state, note: failureOf(event) || "timed out" }];
    case "RunPaused":
      return [{ kind: "notice", at, text: "Run", note: "paused" }];
    case "RunResumed":
      return [{ kind: "notice", at, text: "Run", note: "resumed" }];
    case "RunRewound":
      timeline.open.clear();
      return [{ kind: "notice", at, text: "Run", note: `rewound to event ${textOf(event.toSeq)}` }];
    case "ExecutionSucceeded":
      return [{ kind: "ended", at, text: "Run", note: "succeeded" }];
    case "ExecutionFailed":
    case "ExecutionTimedOut":
    case "ExecutionAborted":
      timeline.open.clear();
      return [{ kind: "failed", at, text: "Run", note: [ENDS[type], failureOf(event)].filter(Boolean).join(": ") }];
    default:
      return [];
  }
}

const ENDS = { ExecutionFailed: "failed", ExecutionTimedOut: "timed out", ExecutionAborted: "aborted" } as const;

/** What the output of a state says at a glance. */
function noteOf({ type, output, next }: RunEventView): string | null {
  if (type === "ChoiceStateExited") return typeof next === "string" ? `→ ${next}` : null;
  if (typeof output !== "object" || output === null) return null;
  const { passages, titles, verifiedQuotes, citations } = output as Record<string, unknown>;
  if (typeof passages === "number" && Array.isArray(titles)) {
    return `${counted(passages, "passage")} from ${counted(titles.length, "document")}`;
  }
  if (typeof verifiedQuotes === "number") return `${verifiedQuotes} of ${counted(Number(citations), "quote")} verified`;
  return Array.isArray(citations) ? counted(citations.length, "citation") : null;
}

function failureOf({ error, cause }: RunEventView): string {
  return [error, cause].filter((part): part is string => typeof part === "string" && part !== "").join(": ");
}

function noted(note: string | null): { note?: string } {
  return note === null ? {} : { note };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
