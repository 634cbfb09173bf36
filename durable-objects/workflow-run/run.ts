import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../../adapters/compose.ts";
import { jsonEquals } from "../../domain/kernel/json.ts";
import { notFound, type Problem, problem } from "../../domain/kernel/problem.ts";
import { isoTime, SECOND_MS } from "../../domain/kernel/time.ts";
import type { ActivityTask } from "../../domain/workflows/activity.ts";
import { findTask, taskIdOf } from "../../domain/workflows/run/answer-task.ts";
import { checkpoints } from "../../domain/workflows/run/projection.ts";
import { initialState, isEnded, type OpenTask } from "../../domain/workflows/run/state.ts";
import { type Checkpoint, listedRun, type Run } from "../../domain/workflows/run-view.ts";
import type { PlatformContext, ServiceContext } from "../../services/context.ts";
import { childOutcome } from "../../services/workflows/child-runs.ts";
import { performTask } from "../../services/workflows/perform-task.ts";
import type {
  EventPage,
  EventQuery,
  FoundReview,
  ReviewAnswer,
  RunAct,
  RunActor,
  RunLifecycle,
  RunProjection,
  SlotReport,
  StartRunRequest,
  TaskAnswer,
} from "../../services/workflows/ports.ts";
import { eventStream, STREAM_PAGE } from "./event-stream.ts";
import { Family } from "./family.ts";
import { Journal } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { leaveForArchive } from "./leave.ts";
import { type Live, LiveRun } from "./live-run.ts";
import { lazyMachine } from "./machines.ts";
import { mapChildOutcome, partsOfChildKey } from "./map-children.ts";
import { MapRunHost } from "./map-run.ts";
import { requireAssignee } from "./reviews.ts";
import { answerCommand, lifecycleCommand, outcomeCommands, startCommand } from "./run-commands.ts";
import { Tables } from "./tables.ts";
import { toEventView, toRun } from "./view.ts";

/** Of one answer; an object's answers have a bound. */
const ACT_PAGE = 1_000;
/** Relatives told at once. */
const DELIVERIES = 16;

type RunObject = Omit<RunActor, "stream">;

/** One run: its only writer, its clock and its memory. How it works stands in live-run.ts. */
export class WorkflowRun extends DurableObject<Env> implements RunObject {
  readonly #tables: Tables;
  readonly #journal: Journal;
  readonly #family: Family;
  readonly #run: LiveRun;
  readonly #mapRuns: MapRunHost;
  #composed: PlatformContext | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#tables = new Tables(ctx.storage);
    this.#journal = new Journal(ctx.storage, this.#tables);
    this.#family = new Family(ctx.storage, this.#tables);
    const parts = { journal: this.#journal, family: this.#family, tables: this.#tables };
    this.#run = new LiveRun(ctx.storage, parts, {
      platform: () => this.#platform(),
      waitUntil: (work) => this.ctx.waitUntil(work),
      perform: (task, signal) => {
        const { origin, state } = this.#require();
        const { runId, depth } = origin;
        const { maxPayloadBytes } = state.limits;
        const key = `${runId}/${task.key}`;
        const onDisk = () => ctx.storage.sync();
        return performTask(this.#context(), { ...task, runId, depth, key, signal, maxPayloadBytes, onDisk });
      },
      isSubmitted: (task) => task.token !== undefined && isOutside(findTask(this.#require().state, { key: task.key })),
      settle: async (task, outcome) => {
        await Promise.all(outcomeCommands(task.key, outcome).map((command) => this.#run.put(command)));
      },
      advanceMapRun: (effect, isWanted) => this.#mapRuns.advance(effect, isWanted),
      deliver: (live) => this.#deliver(live),
      projection: (live) => this.#projection(live),
      hasSlot: (live) => this.#hasSlot(live),
    });
    this.#mapRuns = new MapRunHost(this.#run, () => this.#context());
  }

  async start(request: StartRunRequest, waitSeconds = 0): Promise<{ run: Run; created: boolean }> {
    const created = await this.#run.inTurn(() => this.#start(request));
    if (waitSeconds > 0) await this.wait(waitSeconds);
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
    await this.#run.decide(begun, startCommand(request), act, () => {
      // A run that has ended already answers its parent with this start, which the parent repeats until it has the answer.
      const isAwaited = waiter !== undefined && !isEnded(begun.state);
      if (request.type === "EXPRESS" && !isAwaited) this.#journal.createInMemory(origin);
      else this.#journal.create(origin);
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
    this.#tables.transaction(() => {
      this.#journal.keep();
      this.#family.awaitedBy(waiter);
    });
  }

  async get(): Promise<Run | null> {
    const live = this.#run.load();
    return live === null ? null : toRun(live);
  }

  async wait(seconds: number): Promise<Run | null> {
    const until = Date.now() + seconds * SECOND_MS;
    for (;;) {
      const live = this.#run.load();
      const rest = until - Date.now();
      if (live === null || isEnded(live.state) || rest <= 0) return this.get();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = new Promise((resolve) => {
        timer = setTimeout(resolve, rest);
      });
      await Promise.race([this.#run.changed(), over]);
      clearTimeout(timer);
    }
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
      await this.#run.decide(this.#require(), { type: "DecideReview", ...decision }, act);
      return this.#review(answer.reviewId);
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

  async childEnded(key: string, run: Run): Promise<void> {
    const live = this.#run.load();
    if (live === null) return;
    const task = findTask(live.state, { key });
    if (task !== null) {
      const outcome = childOutcome(live.origin.tenantId, task.resource, run);
      await Promise.all(outcomeCommands(key, outcome).map((command) => this.#run.put(command)));
      return;
    }
    const { mapRun, index } = partsOfChildKey(key);
    await this.#mapRuns.childEnded(mapRun, mapChildOutcome(index, run));
  }

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

  async acknowledge(seq: number, act: number): Promise<void> {
    await this.#run.acknowledge(seq, act);
  }

  async archive(): Promise<boolean> {
    const parts = { journal: this.#journal, family: this.#family };
    return this.#run.inTurn(() => leaveForArchive(this.#run, parts, this.#platform().ports.files));
  }

  /** The live stream of events; the only request that is not a method, because its answer is a response. */
  override async fetch(request: Request): Promise<Response> {
    if (this.#run.load() === null) return new Response(null, { status: 404 });
    const after = Number(new URL(request.url).searchParams.get("after") ?? 0);
    return eventStream(
      {
        read: (seq) => this.#journal.page(seq, seq + STREAM_PAGE, "asc").map(toEventView),
        hasEnded: () => isEnded(this.#require().state),
        changed: () => this.#run.changed(),
      },
      after,
    );
  }

  override async alarm(): Promise<void> {
    await this.#run.alarmRang();
  }

  async #deliver(live: Live): Promise<boolean> {
    const { origin } = live;
    const { runActors } = this.#platform().ports;
    const lanes = new Lanes(DELIVERIES);
    const run = toRun(live);
    const tellings = this.#family.waitersDue().map((waiter) =>
      lanes.run(async () => {
        await runActors.of(origin.tenantId, waiter.runId).childEnded(waiter.key, run);
        this.#family.told(waiter);
      }),
    );
    const callings = this.#family.calledOff().map(({ key, runId }) =>
      lanes.run(async () => {
        await runActors.of(origin.tenantId, runId).callOff(origin.runId);
        this.#family.gone(key);
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
    const review = live === null ? null : this.#journal.review(id);
    return live === null || review === null ? null : { workflow: live.origin.workflow, review };
  }

  #view(): Run {
    const live = this.#require();
    return toRun(live);
  }

  /** Who cannot be asked now is asked again by the alarm. */
  async #hasSlot({ origin }: Live): Promise<boolean> {
    const { ports, log } = this.#platform();
    try {
      return await ports.runSlots.of(origin.tenantId).ask({ runId: origin.runId, workflow: origin.workflow });
    } catch (error) {
      log.warn("run.slot-not-asked", { runId: origin.runId, error: String(error) });
      return false;
    }
  }

  /** One for the life of the object: what differs between requests, a run takes from its origin. */
  #platform(): PlatformContext {
    this.#composed ??= composePlatform(this.env, { waitUntil: (work) => this.ctx.waitUntil(work) });
    return this.#composed;
  }

  /** Tasks act for the tenant in the name of the run, and go on with its trace. */
  #context(): ServiceContext {
    const { origin } = this.#require();
    const platform = this.#platform();
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

function slotReport({ origin, state, isQueued }: Live): SlotReport | null {
  if (origin.slot === null) return null;
  const { runId, workflow, slot } = origin;
  return { runId, workflow, leaseId: slot.leaseId, isWaiting: isQueued && !isEnded(state), isEnded: isEnded(state) };
}
