import type { Actor } from "../../domain/kernel/actor.ts";
import type { Json } from "../../domain/kernel/json.ts";
import type { Role } from "../../domain/kernel/permission.ts";
import type { ActivityTask } from "../../domain/workflows/activity.ts";
import type { ChildOutcome, MapRunChange } from "../../domain/workflows/run/event.ts";
import type { Checkpoint, Run, RunEventView } from "../../domain/workflows/run-view.ts";

/** Who did something to a run, as the audit log will name it. */
export interface RunAct {
  action: string;
  actor: Actor;
  requestId: string;
  ip: string | null;
  userAgent: string | null;
}

/** A run that waits for another, and the effect of its that waits. */
export interface Waiter {
  runId: string;
  key: string;
}

export interface StartRunRequest {
  tenantId: string;
  runId: string;
  workflow: string;
  version: number;
  /** The version or the alias that was asked for, where one was. */
  qualifier?: string;
  type: "STANDARD" | "EXPRESS";
  definition: string;
  name: string;
  input: Json;
  /** Of one input, output or result; 262,144 where absent. */
  maxPayloadBytes?: number;
  traceId: string;
  parentRunId?: string;
  /** How many runs stand above this one. */
  depth: number;
  /** A child of a distributed Map: it runs this state's ItemProcessor instead of the definition. */
  mapState?: string;
  /** Its Map has a store for results: an output that is large stays with this run, and is read from it. */
  keepsOutput?: true;
  /** Told when the run has ended, however often it must be said. */
  waiter?: Waiter;
  /** Of the tenant's runs that may go at once; `null` where the run needs none. Without a lease it asks for one itself. */
  slot: { leaseId: string | null } | null;
  /** `null` for what no one asked for by itself: a child of a distributed Map. */
  act: RunAct | null;
}

export type RunLifecycle =
  | { kind: "pause"; reason?: string }
  | { kind: "resume"; reason?: string }
  | { kind: "stop"; error?: string; cause?: string }
  | { kind: "redrive" }
  | { kind: "update-map-run"; mapRun: string; change: MapRunChange }
  | { kind: "rewind"; toSeq: number }
  | { kind: "rewind"; toState: string };

export interface ReviewAnswer {
  reviewId: string;
  decision: "approve" | "reject";
  output?: Json;
  comment?: string;
  decidedBy: string;
  /** The decider's role in the tenant; `null` for the platform itself. */
  role: Role | null;
}

export interface FoundReview {
  workflow: string;
  review: ReviewRow;
}

export type TaskAnswer =
  | { kind: "success"; token: string; output: Json }
  | { kind: "failure"; token: string; error?: string; cause?: string }
  | { kind: "heartbeat"; token: string };

export interface ReviewRow {
  id: string;
  state: string;
  title: string;
  payload: Json | null;
  assigneeRole: string | null;
  dueAt: number | null;
  status: "pending" | "approved" | "rejected" | "cancelled";
  requestedAt: number;
  output: Json | null;
  comment: string | null;
  decidedBy: string | null;
  decidedAt: number | null;
}

/** What a run tells its read models. */
export interface RunProjection {
  seq: number;
  run: Run;
  reviews: ReviewRow[];
  acts: (RunAct & { id: number; at: number })[];
  /** `null` for a run that needs no slot. */
  slot: SlotReport | null;
}

/** What a run says of its slot. */
export interface SlotReport {
  runId: string;
  workflow: string;
  leaseId: string | null;
  isWaiting: boolean;
  isEnded: boolean;
}

/** Starts that were promised ahead, until a time. Without an id there are none: every run asks for itself. */
export interface SlotLease {
  id: string | null;
  permits: number;
  until: number;
}

/** Which runs of one tenant go, and which wait for a slot. */
export interface TenantSlots {
  lease(): Promise<SlotLease>;
  /** Whether the run holds a slot now; otherwise its actor is told when it does. Harmless to repeat. */
  ask(run: { runId: string; workflow: string }): Promise<boolean>;
  report(runs: readonly SlotReport[]): Promise<void>;
}

export interface RunSlots {
  of(tenantId: string): TenantSlots;
}

export interface EventQuery {
  /** The seq that was seen last: the highest forwards, the lowest backwards, 0 before the first page. */
  after: number;
  limit: number;
  order: "asc" | "desc";
}

/** Fewer events than were asked for where they are large. */
export interface EventPage {
  events: RunEventView[];
  hasMore: boolean;
}

/** How a run ended that another waits for: of a distributed Map's child, what the Map needs of it. */
export type ChildEnd = { key: string; run: Run } | { key: string; outcome: ChildOutcome };

/** What is asked of one run. An answer `null` means that there is no such run. Refusals are thrown as problems. */
export interface RunMethods {
  /** With `waitSeconds`, answers once the run has ended or that time is over. */
  start(request: StartRunRequest, waitSeconds?: number): Promise<{ run: Run; created: boolean }>;
  get(): Promise<Run | null>;
  /** Resolves when the run has ended, or with the run as it is when the time is over. */
  wait(seconds: number): Promise<Run | null>;
  command(command: RunLifecycle, act: RunAct): Promise<Run>;
  /** `null` where there is no such review. */
  decideReview(answer: ReviewAnswer, act: RunAct): Promise<FoundReview | null>;
  review(id: string): Promise<FoundReview | null>;
  answerTask(answer: TaskAnswer): Promise<void>;
  /** A worker takes the task of an activity. `null` where it has been taken, or the run no longer waits for it. */
  startActivity(token: string, workerName: string | null): Promise<ActivityTask | null>;
  /** Runs that this one's effects wait for have ended. Resolves when that is durable; harmless to repeat. */
  childrenEnded(ends: readonly ChildEnd[]): Promise<void>;
  /** The run that waits for a slot has one. Harmless to repeat. */
  slotGranted(): Promise<void>;
  events(query: EventQuery): Promise<EventPage>;
  checkpoints(): Promise<Checkpoint[]>;
  projection(): Promise<RunProjection | null>;
  /** Moves the ended run into the archive. False where it cannot be moved yet, or was never there. Harmless to repeat. */
  archive(): Promise<boolean>;
}

/** The single writer of one run. */
export interface RunActor extends RunMethods {
  /** `text/event-stream` of events with seq greater than `after`, until the run ends. */
  stream(after: number): Promise<Response>;
}

/** The tasks of one activity that no worker has taken. */
export interface ActivityQueue {
  /** Harmless to repeat. */
  put(token: string): Promise<void>;
  /** The oldest task that its run still waits for, started; `null` where none came in time. */
  take(waitMs: number, workerName: string | null): Promise<ActivityTask | null>;
  /** The activity is gone. */
  clear(): Promise<void>;
}

export interface ActivityQueues {
  of(tenantId: string, activity: string): ActivityQueue;
}

/** A child of a distributed Map as it is after its start. */
export interface StartedChild {
  runId: string;
  /** "lost": it could not be started, or is not there any more. */
  outcome: ChildOutcome | "running" | "lost";
}

export interface RunActors {
  of(tenantId: string, runId: string): RunActor;
  /** Starts runs of one map run that live in one object (`placeOf()`), once it has room for them. Harmless to repeat. */
  startChildren(tenantId: string, requests: readonly StartRunRequest[]): Promise<StartedChild[]>;
  /** Those of the runs, which live in one object, that have ended or are lost; waits until there is one. */
  endedChildren(tenantId: string, runIds: readonly string[]): Promise<StartedChild[]>;
  /** Of runs that live in one object. */
  callOff(tenantId: string, parentRunId: string, runIds: readonly string[]): Promise<void>;
  /** Of any runs. */
  acknowledge(tenantId: string, marks: readonly ProjectedMark[]): Promise<void>;
}

/** How far the read models have come with one run. */
export interface ProjectedMark {
  runId: string;
  seq: number;
  act: number;
}

/** Cron expressions of five or six parts, and `@daily` and its like, in a time zone of the IANA database. */
export interface CronCalendar {
  /** What is wrong with the expression or the zone; `null` when nothing is. */
  fault(cron: string, timezone: string): { pointer: "/cron" | "/timezone"; detail: string } | null;
  /**
   * The first tick after `after`; `null` where none follows. A fixed time that daylight saving skips comes right after the
   * gap, and one that it repeats comes once.
   */
  next(cron: string, timezone: string, after: number): number | null;
  /** The newest ticks, at most `count`, that are not after `until`; the oldest first. */
  latest(cron: string, timezone: string, until: number, count: number): number[];
}

/** Who rings at the ticks of one schedule. */
export interface ScheduleActor {
  /** Looks at the schedule now and sets the next alarm by it. Harmless to repeat. */
  wake(): Promise<void>;
}

export interface ScheduleActors {
  of(tenantId: string, scheduleId: string): ScheduleActor;
}
