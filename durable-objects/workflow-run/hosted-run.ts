import type { QueueMessage } from "../../domain/jobs/message.ts";
import { jsonEquals } from "../../domain/kernel/json.ts";
import { notFound, type Problem, problem } from "../../domain/kernel/problem.ts";
import { isoTime, SECOND_MS } from "../../domain/kernel/time.ts";
import type { ActivityTask } from "../../domain/workflows/activity.ts";
import { findTask, taskIdOf } from "../../domain/workflows/run/answer-task.ts";
import { isOutputAtRest, mapChildOutcome } from "../../domain/workflows/run/map-child.ts";
import { checkpoints } from "../../domain/workflows/run/projection.ts";
import { initialState, isEnded, type OpenTask } from "../../domain/workflows/run/state.ts";
import { placeOf } from "../../domain/workflows/run-place.ts";
import { type Checkpoint, listedRun, type Run } from "../../domain/workflows/run-view.ts";
import type { PlatformContext, ServiceContext } from "../../services/context.ts";
import { within } from "../../services/within.ts";
import { childOutcome } from "../../services/workflows/child-runs.ts";
import { performTask } from "../../services/workflows/perform-task.ts";
import type {
  ChildEnd,
  EventPage,
  EventQuery,
  FoundReview,
  ReviewAnswer,
  RunAct,
  RunLifecycle,
  RunMethods,
  RunProjection,
  SlotReport,
  StartedChild,
  StartRunRequest,
  TaskAnswer,
} from "../../services/workflows/ports.ts";
import type { CommonTurn } from "./common-turn.ts";
import { eventStream, STREAM_PAGE } from "./event-stream.ts";
import { Family } from "./family.ts";
import { Journal } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { leaveForArchive } from "./leave.ts";
import { type Live, LiveRun } from "./live-run.ts";
import { lazyMachine } from "./machines.ts";
import { partsOfChildKey } from "./map-children.ts";
import { MapRunHost } from "./map-run.ts";
import type { ObjectAlarm } from "./object-alarm.ts";
import type { OnDisk } from "./on-disk.ts";
import { requireAssignee } from "./reviews.ts";
import { Rows } from "./rows.ts";
import { answerCommand, lifecycleCommand, outcomeCommands, startCommand } from "./run-commands.ts";
import type { Tables } from "./tables.ts";
import type { Ticks } from "./ticks.ts";
import { toEventView, toRun } from "./view.ts";

/** Of one answer; an object's answers have a bound. */
const ACT_PAGE = 1_000;
/** A message takes 128,000 bytes, and a character has three at most. What is larger is asked for by the consumer. */
const MAX_TOLD_CHARACTERS = 40_000;
/** Relatives told at once. */
const DELIVERIES = 16;

/** What an object gives to each of its runs. */
export interface RunHome {
  storage: DurableObjectStorage;
  tables: Tables;
  alarm: ObjectAlarm;
  /** Of all its runs together. */
  connections: Lanes;
  /** In which they decide what reaches them together. */
  turn: CommonTurn;
  onDisk: OnDisk;
  /** At which they tell their news. */
  ticks: Ticks;
  platform(): PlatformContext;
  /** Tells the queue; what many runs tell at the same moment leaves together. */
  tell(news: QueueMessage): Promise<void>;
  /** Tells another run that this one, which it waits for, has ended. Resolves when it knows. */
  tellEnd(telling: { tenantId: string; parentRunId: string; end: ChildEnd }): Promise<void>;
}

/** One run: its only writer, its clock and its memory. How it works stands in live-run.ts. */
export class HostedRun implements RunMethods {
  readonly #home: RunHome;
  readonly #journal: Journal;
  readonly #family: Family;
  readonly #run: LiveRun;
  readonly #mapRuns: MapRunHost;

  constructor(home: RunHome, run: number) {
    const { storage, tables, connections, turn, ticks } = home;
    const rows = new Rows(run);
    this.#home = home;
    this.#journal = new Journal(storage, tables, rows);
    this.#family = new Family(storage, tables, rows);
    const parts = {
      journal: this.#journal,
      family: this.#family,
      tables,
      connections,
      turn,
      ticks,
      alarm: home.alarm.of(run),
    };
    this.#run = new LiveRun(parts, {
      platform: home.platform,
      perform: (task, signal) => {
        const { origin, state } = this.#require();
        const { runId, workflow, depth } = origin;
        const { maxPayloadBytes } = state.limits;
        const key = `${runId}/${task.key}`;
        const onDisk = () => home.onDisk.wait();
        const ctx = { ...this.#context(), run: { id: runId, workflow, state: task.state } };
        return performTask(ctx, { ...task, runId, depth, key, signal, maxPayloadBytes, onDisk });
      },
      isSubmitted: (task) => task.token !== undefined && isOutside(findTask(this.#require().state, { key: task.key })),
      settle: async (task, outcome) => {
        await Promise.all(outcomeCommands(task.key, outcome).map((command) => this.#run.put(command)));
      },
      advanceMapRun: (effect, isWanted) => this.#mapRuns.advance(effect, isWanted),
      deliver: (live) => this.#deliver(live),
      sendNews: (live) => this.#sendNews(live),
      hasSlot: (live) => this.#hasSlot(live),
    });
    this.#mapRuns = new MapRunHost(this.#run, () => this.#context());
  }

  get isAtRest(): boolean {
    return this.#run.isAtRest;
  }

  /** It is here and has not ended. */
  get isGoingOn(): boolean {
    const live = this.#run.load();
    return live !== null && !isEnded(live.state);
  }

  /** Resolves at the next change of the run. */
  changed(): Promise<void> {
    return this.#run.changed();
  }

  async start(request: StartRunRequest, waitSeconds = 0): Promise<{ run: Run; created: boolean }> {
    const created = await this.#run.inTurn(() => this.#start(request));
    await this.#ended(waitSeconds);
    return { run: this.#view(), created };
  }

  async slotGranted(): Promise<void> {
    await this.#run.inTurn(() => this.#run.takeSlot());
  }

  async #start(request: StartRunRequest): Promise<boolean> {
    const known = this.#run.load();
    if (known !== null) {
      this.#requireSame(known, request);
      this.#awaitedBy(request, known);
      return false;
    }
    if (this.#journal.isArchived) throw archived();
    if (request.waiter !== undefined && this.#journal.isCalledOff) {
      throw problem("run-status", { detail: "The parent run no longer waits for this one." });
    }
    const { act, input: _input, waiter, ...origin } = request;
    const begun: Live = {
      origin,
      machine: lazyMachine(origin),
      state: initialState(),
      snapshotSeq: 0,
      pendingReviews: new Map(),
      // Whether it must wait is known once it has asked; until then it enters no state.
      isQueued: request.slot !== null && request.slot.leaseId === null,
    };
    const begunBy = act === null ? undefined : { act, at: Date.now() };
    await this.#run.decide(begun, startCommand(request), null, () => {
      // A run that has ended already answers its parent with this start, which the parent repeats until it has the answer.
      const isAwaited = waiter !== undefined && !isEnded(begun.state);
      if (request.type === "EXPRESS" && !isAwaited) this.#journal.createInMemory(origin, begunBy);
      else this.#journal.create(origin, begunBy);
      if (isAwaited) this.#family.awaitedBy(waiter);
      if (begun.isQueued) this.#journal.queue();
    });
    if (begun.isQueued && (await this.#hasSlot(begun))) await this.#run.takeSlot();
    return true;
  }

  /** The name is the second idempotency handle: equal input is the same request, other input is another. */
  #requireSame({ origin, state }: Live, request: StartRunRequest): void {
    // A child that is started again after a crash may be given another draw of chance; its key says that it is the same.
    if (request.name === request.runId) return;
    if (jsonEquals(state.input, request.input) && origin.workflow === request.workflow) return;
    throw problem("conflict", { detail: `A run named ${request.name} exists with another input.` });
  }

  #awaitedBy({ waiter }: StartRunRequest, live: Live): void {
    if (waiter === undefined || isEnded(live.state)) return;
    this.#home.tables.transaction(() => {
      this.#journal.keep();
      this.#family.awaitedBy(waiter);
    });
  }

  async get(): Promise<Run | null> {
    return this.run();
  }

  run(): Run | null {
    const live = this.#run.load();
    return live === null ? null : toRun(live);
  }

  /** As its distributed Map is to know it. An output that it is not told is kept before. */
  asMapChild(index: number): StartedChild["outcome"] {
    const live = this.#run.load();
    if (live === null) return "lost";
    if (!isEnded(live.state)) return "running";
    const outcome = mapChildOutcome(index, live.state, live.origin.keepsOutput === true);
    if (isOutputAtRest(outcome) && !this.#journal.isKept) this.#run.keep();
    return outcome;
  }

  async wait(seconds: number): Promise<Run | null> {
    await this.#ended(seconds);
    return this.run();
  }

  /** Resolves when the run goes on no more, or that time is over. */
  async #ended(seconds: number): Promise<void> {
    if (seconds <= 0 || !this.isGoingOn) return;
    let isOver = false;
    const end = async () => {
      while (!isOver && this.isGoingOn) await this.changed();
    };
    await within(end(), seconds * SECOND_MS, () => {
      isOver = true;
    });
  }

  async command(lifecycle: RunLifecycle, act: RunAct): Promise<Run> {
    return this.#run.inTurn(async () => {
      const live = this.#require();
      await this.#run.decide(
        live,
        lifecycleCommand(lifecycle, () => this.#journal.events(0)),
        act,
      );
      return this.#view();
    });
  }

  async review(id: string): Promise<FoundReview | null> {
    return this.#review(id);
  }

  async decideReview(answer: ReviewAnswer, act: RunAct): Promise<FoundReview | null> {
    return this.#run.inTurn(async () => {
      const found = this.#review(answer.reviewId);
      if (found === null) return null;
      requireAssignee(found.review, answer.role);
      const { role: _role, ...decision } = answer;
      const changed = await this.#run.decide(this.#require(), { type: "DecideReview", ...decision }, act);
      return { ...found, review: changed.find(({ id }) => id === answer.reviewId) ?? found.review };
    });
  }

  async answerTask(answer: TaskAnswer): Promise<void> {
    if (this.#run.load() === null) throw notFound("task token");
    const refused = await this.#run.put(answerCommand(answer));
    if (refused === null) return;
    if (!this.#gaveOut(answer.token)) throw notFound("task token");
    throw problem("task-answered", { detail: "The task has been answered, or the run no longer waits for it." });
  }

  async startActivity(token: string, workerName: string | null): Promise<ActivityTask | null> {
    if (this.#run.load() === null) return null;
    return this.#run.inTurn(async () => {
      const live = this.#require();
      const task = findTask(live.state, { token });
      if (task === null || task.started) return null;
      const worker = workerName === null ? {} : { workerName };
      await this.#run.decide(live, { type: "TaskStarted", task: { token }, ...worker }, null);
      return { token, input: task.input };
    });
  }

  async childrenEnded(ends: readonly ChildEnd[]): Promise<void> {
    const live = this.#run.load();
    if (live === null) return;
    await Promise.all(ends.map((end) => this.#childEnded(live, end)));
  }

  async #childEnded(live: Live, end: ChildEnd): Promise<void> {
    if ("outcome" in end) return this.#mapRuns.childEnded(partsOfChildKey(end.key).mapRun, end.outcome);
    const task = findTask(live.state, { key: end.key });
    if (task === null) return;
    const outcome = childOutcome(live.origin.tenantId, task.resource, end.run);
    await Promise.all(outcomeCommands(end.key, outcome).map((command) => this.#run.put(command)));
  }

  /** The parent no longer waits: the run is stopped, or will not start. Harmless to repeat. */
  async callOff(parentRunId: string): Promise<void> {
    await this.#run.inTurn(async () => {
      const live = this.#run.load();
      if (live === null) {
        this.#journal.callOff();
        return;
      }
      if (live.origin.parentRunId !== parentRunId || isEnded(live.state)) return;
      await this.#run.decide(live, { type: "Stop", cause: "The parent run no longer waits for this one." }, null);
    });
  }

  async events({ after, limit, order }: EventQuery): Promise<EventPage> {
    const { state } = this.#require();
    if (order === "asc") {
      const events = this.#journal.page(after, after + limit, order).map(toEventView);
      return { events, hasMore: (events.at(-1)?.seq ?? state.seq) < state.seq };
    }
    // Backwards `after` is the lowest seq already seen; 0 begins at the end.
    const until = after === 0 ? state.seq : after - 1;
    const events = this.#journal.page(Math.max(0, until - limit), until, order).map(toEventView);
    return { events, hasMore: (events.at(-1)?.seq ?? 1) > 1 };
  }

  async checkpoints(): Promise<Checkpoint[]> {
    this.#require();
    return checkpoints(this.#journal.events(0)).map((at) => ({ ...at, at: isoTime(at.at) }));
  }

  async projection(): Promise<RunProjection | null> {
    const live = this.#run.load();
    return live === null ? null : this.#projection(live);
  }

  #projection(live: Live): RunProjection {
    const done = this.#journal.projected();
    return {
      seq: live.state.seq,
      run: listedRun(toRun(live)),
      reviews: this.#journal.reviews(done.seq),
      acts: this.#journal.acts(done.act).slice(0, ACT_PAGE),
      slot: slotReport(live),
    };
  }

  /** The read models stand at this event and this act. */
  async acknowledge(seq: number, act: number): Promise<void> {
    await this.#run.acknowledge(seq, act);
  }

  async archive(): Promise<boolean> {
    const parts = { journal: this.#journal, family: this.#family, tables: this.#home.tables };
    return this.#run.inTurn(() => leaveForArchive(this.#run, parts, this.#home.platform().ports.files));
  }

  /** The live stream of events; `null` where there is no such run. */
  stream(after: number): Response | null {
    if (this.#run.load() === null) return null;
    return eventStream(
      {
        read: (seq) => this.#journal.page(seq, seq + STREAM_PAGE, "asc").map(toEventView),
        hasEnded: () => isEnded(this.#require().state),
        changed: () => this.#run.changed(),
      },
      after,
    );
  }

  async alarmRang(): Promise<void> {
    await this.#run.alarmRang();
  }

  async #sendNews(live: Live): Promise<void> {
    const { runId, tenantId } = live.origin;
    const told = this.#projection(live);
    const isSmall = JSON.stringify(told).length <= MAX_TOLD_CHARACTERS;
    await this.#home.tell({ kind: "run-advanced", runId, tenantId, seq: told.seq, ...(isSmall && { told }) });
  }

  async #deliver(live: Live): Promise<boolean> {
    const { origin } = live;
    const { tenantId } = origin;
    const { runActors } = this.#home.platform().ports;
    const lanes = new Lanes(DELIVERIES);
    const tellings = this.#family.waitersDue().map((waiter) =>
      lanes.run(async () => {
        await this.#home.tellEnd({ tenantId, parentRunId: waiter.runId, end: childEnd(waiter.key, live) });
        this.#family.told(waiter);
      }),
    );
    const calledOff = Map.groupBy(this.#family.calledOff(), ({ runId }) => placeOf(runId).object);
    const callings = [...calledOff.values()].map((children) =>
      lanes.run(async () => {
        await runActors.callOff(
          tenantId,
          origin.runId,
          children.map(({ runId }) => runId),
        );
        this.#home.tables.transaction(() => {
          for (const { key } of children) this.#family.gone(key);
        });
      }),
    );
    const outcomes = await Promise.allSettled([...tellings, ...callings]);
    return outcomes.every((outcome) => outcome.status === "fulfilled");
  }

  /** Whether a task of this run was ever given this token. */
  #gaveOut(token: string): boolean {
    const id = taskIdOf({ token });
    const [event] = Number.isSafeInteger(id) ? this.#journal.events(id - 1, id) : [];
    return event !== undefined && "token" in event && event.token === token;
  }

  #require(): Live {
    const live = this.#run.load();
    if (live === null) throw this.#journal.isArchived ? archived() : notFound("run");
    return live;
  }

  #review(id: string): FoundReview | null {
    const live = this.#run.load();
    const review = live?.pendingReviews.get(id) ?? this.#journal.review(id);
    return live === null || review === null ? null : { workflow: live.origin.workflow, review };
  }

  #view(): Run {
    const live = this.#require();
    return toRun(live);
  }

  /** Who cannot be asked now is asked again by the alarm. */
  async #hasSlot({ origin }: Live): Promise<boolean> {
    const { ports, log } = this.#home.platform();
    try {
      return await ports.runSlots.of(origin.tenantId).ask({ runId: origin.runId, workflow: origin.workflow });
    } catch (error) {
      log.warn("run.slot-not-asked", { runId: origin.runId, error: String(error) });
      return false;
    }
  }

  /** Tasks act for the tenant in the name of the run, and go on with its trace. */
  #context(): ServiceContext {
    const { origin } = this.#require();
    const platform = this.#home.platform();
    return {
      ...platform,
      trace: { ...platform.trace, traceId: origin.traceId },
      tenant: { id: origin.tenantId },
      actor: { kind: "system", name: origin.runId },
      requestId: origin.runId,
    };
  }
}

/** Somebody has the task, and will answer with its token. */
function isOutside(task: OpenTask | null): boolean {
  return task !== null && (task.submitted || (task.family === "Activity" && task.started));
}

function archived(): Problem {
  return problem("run-status", { detail: "The run rests in the archive.", members: { reason: "archived" } });
}

/** A child of a distributed Map tells what the Map needs of it; another all of itself. */
function childEnd(key: string, live: Live): ChildEnd {
  const { origin, state } = live;
  if (origin.mapState === undefined) return { key, run: toRun(live) };
  return { key, outcome: mapChildOutcome(partsOfChildKey(key).index, state, origin.keepsOutput === true) };
}

function slotReport({ origin, state, isQueued }: Live): SlotReport | null {
  if (origin.slot === null) return null;
  const { runId, workflow, slot } = origin;
  return { runId, workflow, leaseId: slot.leaseId, isWaiting: isQueued && !isEnded(state), isEnded: isEnded(state) };
}
