import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../../adapters/compose.ts";
import { jsonEquals } from "../../domain/kernel/json.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { isoTime, SECOND_MS } from "../../domain/kernel/time.ts";
import type { Machine } from "../../domain/workflows/definition/machine.ts";
import type { Chance } from "../../domain/workflows/expression/scope.ts";
import type { RunCommand } from "../../domain/workflows/run/command.ts";
import { decide } from "../../domain/workflows/run/decide.ts";
import { nextTimerAt, pendingEffects } from "../../domain/workflows/run/effects.ts";
import type { RunEvent } from "../../domain/workflows/run/event.ts";
import { checkpoints } from "../../domain/workflows/run/projection.ts";
import { replay, rewindState } from "../../domain/workflows/run/replay.ts";
import type { RunState } from "../../domain/workflows/run/state.ts";
import { initialState, isEnded } from "../../domain/workflows/run/state.ts";
import type { Checkpoint, Run, RunEventView } from "../../domain/workflows/run-view.ts";
import type { PlatformContext, ServiceContext } from "../../services/context.ts";
import type { TaskOutcome } from "../../services/workflows/perform-task.ts";
import { performTask } from "../../services/workflows/perform-task.ts";
import type {
  FoundReview,
  ReviewAnswer,
  ReviewRow,
  RunAct,
  RunActor,
  RunLifecycle,
  RunProjection,
  StartRunRequest,
  TaskAnswer,
} from "../../services/workflows/ports.ts";
import { Effects } from "./effects.ts";
import { eventStream, STREAM_PAGE } from "./event-stream.ts";
import type { Origin } from "./journal.ts";
import { Journal } from "./journal.ts";
import { machineOf } from "./machines.ts";
import { refusal } from "./refusal.ts";
import { changedReviews, requireAssignee } from "./reviews.ts";
import { toEventView, toRun } from "./view.ts";

// One run: its only writer, its clock and its memory.
//   R1  Persist before acting: a decision's events are in the journal before an effect starts or an answer leaves. The
//       platform holds every outgoing message until the commit is on disk, so writing in the same turn is enough.
//   R2  Memory is a cache: state, timers and effects are rebuilt from the journal by whatever wakes the object.
//   R3  One alarm serves all: the run's own timers, effects lost in a crash, and read models that have not answered.

/** Replay reads at most this many events beyond the snapshot. */
const SNAPSHOT_EVERY = 500;
/** While something is under way outside, how long until an object that died is woken to take it up again. */
const GUARD_MS = 15 * SECOND_MS;
/** Read models hear of a run that keeps moving this often; of its end at once. */
const ANNOUNCE_MS = 50;
/** Timers nearer than this also ring in memory, which is more punctual than the alarm. */
const NEAR_TIMER_MS = 10 * SECOND_MS;
const EVENT_PAGE = 1_000;

interface Live {
  origin: Origin;
  machine: Machine;
  state: RunState;
  snapshotSeq: number;
  pendingReviews: Map<string, ReviewRow>;
}

type RunObject = Omit<RunActor, "stream">;

export class WorkflowRun extends DurableObject<Env> implements RunObject {
  readonly #journal: Journal;
  readonly #effects: Effects;
  #live: Live | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #alarmAt: number | null = null;
  #nearTimer: { at: number; handle: ReturnType<typeof setTimeout> } | null = null;
  #announcing = false;
  #listeners: (() => void)[] = [];

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#journal = new Journal(ctx.storage);
    this.#effects = new Effects({
      perform: (task, signal) => {
        const { runId } = this.#require().origin;
        return performTask(this.#context(), { ...task, runId, key: `${runId}/${task.key}`, signal });
      },
      settle: (task, outcome) => this.#settle(task.key, outcome),
      goOn: async () => {
        await this.#execute({ type: "Continue" });
      },
      later: (work) => this.#later(work),
    });
  }

  async start(request: StartRunRequest): Promise<{ run: Run; created: boolean }> {
    return this.#inTurn(async () => {
      const known = this.#load();
      if (known !== null) return { run: this.#sameRun(known, request), created: false };
      const { act, input, ...origin } = request;
      const machine = machineOf(request.definition, request.type);
      const begun: Live = {
        origin: { ...origin, startedBy: act },
        machine,
        state: initialState(),
        snapshotSeq: 0,
        pendingReviews: new Map(),
      };
      const command: RunCommand = {
        type: "StartRun",
        input,
        runId: request.runId,
        name: request.name,
        roleArn: `arn:weft:iam::${request.tenantId}:role/run`,
        stateMachine: {
          id: `arn:weft:states::${request.tenantId}:stateMachine:${request.workflow}`,
          name: request.workflow,
        },
        machineType: request.type,
      };
      await this.#decide(begun, command, act, () => this.#journal.create(begun.origin));
      return { run: toRun(begun.origin, begun.state), created: true };
    });
  }

  async get(): Promise<Run | null> {
    const live = this.#load();
    return live === null ? null : toRun(live.origin, live.state);
  }

  async wait(seconds: number): Promise<Run | null> {
    const live = this.#load();
    if (live === null) return null;
    const until = Date.now() + seconds * SECOND_MS;
    while (!isEnded(live.state)) {
      const rest = until - Date.now();
      if (rest <= 0) break;
      await Promise.race([this.#changed(), new Promise((resolve) => setTimeout(resolve, rest))]);
    }
    return this.get();
  }

  async command(lifecycle: RunLifecycle, act: RunAct): Promise<Run> {
    return this.#inTurn(async () => {
      const live = this.#require();
      await this.#decide(live, this.#commandOf(lifecycle), act);
      return this.#view();
    });
  }

  async review(id: string): Promise<FoundReview | null> {
    return this.#review(id);
  }

  async decideReview(answer: ReviewAnswer, act: RunAct): Promise<FoundReview | null> {
    return this.#inTurn(async () => {
      const found = this.#review(answer.reviewId);
      if (found === null) return null;
      requireAssignee(found.review, answer.role);
      const { role: _role, ...decision } = answer;
      await this.#decide(this.#require(), { type: "DecideReview", ...decision }, act);
      return this.#review(answer.reviewId);
    });
  }

  async answerTask(answer: TaskAnswer): Promise<void> {
    const task = { token: answer.token };
    const { error, cause } = answer.kind === "failure" ? answer : {};
    const command: RunCommand =
      answer.kind === "success"
        ? { type: "TaskSucceeded", task, output: answer.output }
        : answer.kind === "heartbeat"
          ? { type: "TaskHeartbeat", task }
          : { type: "TaskFailed", task, ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
    await this.#inTurn(() => this.#decide(this.#require(), command, null));
  }

  async events(page: { after: number; limit: number; order: "asc" | "desc" }): Promise<RunEventView[]> {
    const { state } = this.#require();
    if (page.order === "asc") return this.#journal.events(page.after, page.after + page.limit).map(toEventView);
    // Backwards `after` is the lowest seq already seen; 0 begins at the end.
    const until = page.after === 0 ? state.seq : page.after - 1;
    return this.#journal
      .events(Math.max(0, until - page.limit), until)
      .reverse()
      .map(toEventView);
  }

  async checkpoints(): Promise<Checkpoint[]> {
    this.#require();
    return checkpoints(this.#journal.events(0)).map((at) => ({ ...at, at: isoTime(at.at) }));
  }

  async projection(): Promise<RunProjection | null> {
    const live = this.#load();
    if (live === null) return null;
    const done = this.#journal.projected();
    return {
      seq: live.state.seq,
      run: toRun(live.origin, live.state),
      reviews: this.#journal.reviews(done.seq),
      acts: this.#journal.acts(done.act).slice(0, EVENT_PAGE),
    };
  }

  async acknowledge(seq: number, act: number): Promise<void> {
    const live = this.#load();
    if (live === null) return;
    this.#announcing = false;
    this.#journal.saveProjected(seq, act);
    if (seq < live.state.seq) this.#announce(live);
    else if (isEnded(live.state) && this.#effects.size === 0) {
      this.#alarmAt = null;
      await this.ctx.storage.deleteAlarm();
    }
  }

  /** The live stream of events; the only request that is not a method, because its answer is a response. */
  override async fetch(request: Request): Promise<Response> {
    if (this.#load() === null) return new Response(null, { status: 404 });
    const after = Number(new URL(request.url).searchParams.get("after") ?? 0);
    return eventStream(
      {
        read: (seq) => this.#journal.events(seq, seq + STREAM_PAGE).map(toEventView),
        hasEnded: () => isEnded(this.#require().state),
        changed: () => this.#changed(),
      },
      after,
    );
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = null;
    const live = this.#load();
    if (live === null) return;
    // A handler that throws is repeated by the platform at its own pace; this one sets its next alarm first.
    this.#setAlarm(Date.now() + GUARD_MS);
    try {
      await this.#ringTimers();
      for (const effect of pendingEffects(live.state)) this.#effects.begin(effect);
      this.#announcing = false;
      this.#announce(live);
      this.#schedule(live);
    } catch (error) {
      this.#platform().log.error("run.alarm-failed", error, { runId: live.origin.runId });
    }
  }

  async #ringTimers(): Promise<void> {
    const live = this.#require();
    const at = nextTimerAt(live.state);
    if (at !== null && at <= Date.now()) await this.#execute({ type: "TimersDue" });
  }

  async #settle(key: string, outcome: TaskOutcome): Promise<void> {
    const task = { key };
    if (outcome.kind === "submitted") return;
    if (outcome.kind === "succeeded") await this.#execute({ type: "TaskSucceeded", task, output: outcome.output });
    else await this.#execute({ type: "TaskFailed", task, error: outcome.error, cause: outcome.cause });
  }

  /** A command of the run's own making: a refusal means that it came too late, which is no fault. */
  async #execute(command: RunCommand): Promise<void> {
    await this.#inTurn(async () => {
      const live = this.#require();
      const decision = await decide(live.machine, live.state, command, this.#chance());
      if (decision.refused === null) this.#persist(live, decision, null);
    });
  }

  async #decide(live: Live, command: RunCommand, act: RunAct | null, before?: () => void): Promise<void> {
    const decision = await decide(live.machine, live.state, command, this.#chance());
    if (decision.refused !== null) throw refusal(decision.refused);
    this.#persist(live, decision, act, before);
  }

  #persist(
    live: Live,
    decision: { state: RunState; events: RunEvent[]; effects: Parameters<Effects["begin"]>[0][] },
    act: RunAct | null,
    before?: () => void,
  ): void {
    const { events, effects, state } = decision;
    live.state = state;
    try {
      this.ctx.storage.transactionSync(() => {
        before?.();
        this.#journal.append(events);
        for (const review of changedReviews(live.pendingReviews, events, state))
          this.#journal.saveReview(review, state.seq);
        if (act !== null) this.#journal.addAct(act, Date.now());
        const isRewound = events.some((event) => event.type === "RunRewound");
        if (isRewound || state.seq - live.snapshotSeq >= SNAPSHOT_EVERY) {
          this.#journal.saveSnapshot(state);
          live.snapshotSeq = state.seq;
        }
      });
    } catch (error) {
      // The state in memory is ahead of the journal now; the journal is right.
      this.#live = null;
      throw error;
    }
    this.#live = live;
    for (const effect of effects) this.#effects.begin(effect);
    this.#schedule(live);
    this.#announce(live);
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /** The run in memory, rebuilt from the journal when the object is fresh. What was under way is taken up again. */
  #load(): Live | null {
    if (this.#live !== null) return this.#live;
    const origin = this.#journal.origin();
    if (origin === null) return null;
    const snapshot = this.#journal.snapshot();
    const state = replay(this.#journal.events(snapshot?.seq ?? 0), snapshot ?? undefined);
    const pending = this.#journal.reviews(0).filter((review) => review.status === "pending");
    this.#live = {
      origin,
      machine: machineOf(origin.definition, origin.type),
      state,
      snapshotSeq: snapshot?.seq ?? 0,
      pendingReviews: new Map(pending.map((review) => [review.id, review])),
    };
    for (const effect of pendingEffects(state)) this.#effects.begin(effect);
    this.#schedule(this.#live);
    if (this.#journal.projected().seq < state.seq) this.#announce(this.#live);
    return this.#live;
  }

  #require(): Live {
    const live = this.#load();
    if (live === null) throw notFound("run");
    return live;
  }

  #review(id: string): FoundReview | null {
    const live = this.#load();
    const review = live === null ? null : this.#journal.review(id);
    return live === null || review === null ? null : { workflow: live.origin.workflow, review };
  }

  #view(): Run {
    const live = this.#require();
    return toRun(live.origin, live.state);
  }

  /** The name is the second idempotency handle: equal input is the same request, other input is another. */
  #sameRun(live: Live, request: StartRunRequest): Run {
    if (!jsonEquals(live.state.input, request.input) || live.origin.workflow !== request.workflow) {
      throw problem("conflict", { detail: `A run named ${request.name} exists with another input.` });
    }
    return toRun(live.origin, live.state);
  }

  #commandOf(lifecycle: RunLifecycle): RunCommand {
    switch (lifecycle.kind) {
      case "pause":
        return { type: "Pause", ...(lifecycle.reason !== undefined && { reason: lifecycle.reason }) };
      case "resume":
        return { type: "Resume", ...(lifecycle.reason !== undefined && { reason: lifecycle.reason }) };
      case "stop": {
        const { error, cause } = lifecycle;
        return { type: "Stop", ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
      }
      case "redrive":
        return { type: "Redrive" };
      case "rewind": {
        const events = this.#journal.events(0);
        const toSeq = "toSeq" in lifecycle ? lifecycle.toSeq : lastEntryOf(events, lifecycle.toState);
        const restored = rewindState(events, toSeq);
        if (restored === null) throw refusal("no-such-event");
        return { type: "Rewind", toSeq, restored };
      }
    }
  }

  #schedule(live: Live): void {
    const timerAt = nextTimerAt(live.state);
    const isMoving = this.#effects.size > 0 || this.#announcing;
    const guardAt = isMoving ? Date.now() + GUARD_MS : null;
    const at = Math.min(timerAt ?? Number.POSITIVE_INFINITY, guardAt ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(at) && (this.#alarmAt === null || at < this.#alarmAt)) this.#setAlarm(at);
    if (timerAt !== null) this.#ringInMemory(timerAt);
  }

  #ringInMemory(at: number): void {
    const waitMs = at - Date.now();
    if (waitMs > NEAR_TIMER_MS || (this.#nearTimer !== null && this.#nearTimer.at <= at)) return;
    if (this.#nearTimer !== null) clearTimeout(this.#nearTimer.handle);
    const handle = setTimeout(
      () => {
        this.#nearTimer = null;
        this.#later(this.#ringTimers());
      },
      Math.max(0, waitMs),
    );
    this.#nearTimer = { at, handle };
  }

  #setAlarm(at: number): void {
    this.#alarmAt = at;
    this.#later(this.ctx.storage.setAlarm(at));
  }

  /** Tells the queue that the run has moved. Repeated by the alarm until the read models answer. */
  #announce(live: Live): void {
    if (this.#announcing) return;
    this.#announcing = true;
    const send = async () => {
      if (!isEnded(live.state)) await new Promise((resolve) => setTimeout(resolve, ANNOUNCE_MS));
      const { runId, tenantId } = live.origin;
      await this.#platform().ports.queue.send([{ kind: "run-advanced", runId, tenantId, seq: live.state.seq }]);
    };
    this.#later(send());
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  /** Commands one after another: deciding awaits, and no other command may see what lies between. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #later(work: Promise<unknown>): void {
    this.ctx.waitUntil(
      work.catch((error: unknown) => {
        const platform = this.#platform();
        platform.log.error("run.defect", error, { runId: this.#live?.origin.runId });
        platform.ports.errorTracker.capture(error, { runId: this.#live?.origin.runId });
      }),
    );
  }

  #chance(): Chance {
    const { random } = this.#platform();
    return { now: () => new Date(), random: () => random.next(), uuid: () => crypto.randomUUID() };
  }

  #platform(): PlatformContext {
    return composePlatform(this.env, { waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  /** Tasks act for the tenant in the name of the run. */
  #context(): ServiceContext {
    const { origin } = this.#require();
    return {
      ...this.#platform(),
      tenant: { id: origin.tenantId },
      actor: { kind: "system", name: origin.runId },
      requestId: origin.runId,
    };
  }
}

function lastEntryOf(events: readonly RunEvent[], state: string): number {
  const entry = events.findLast(
    (event) => event.type.endsWith("StateEntered") && "state" in event && event.state === state,
  );
  if (entry === undefined) throw refusal("no-such-event");
  return entry.seq;
}
