import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { Machine } from "../../domain/workflows/definition/machine.ts";
import type { Chance } from "../../domain/workflows/expression/scope.ts";
import type { Refusal, RunCommand } from "../../domain/workflows/run/command.ts";
import { decide } from "../../domain/workflows/run/decide.ts";
import type { Effect } from "../../domain/workflows/run/effects.ts";
import { nextTimerAt, pendingEffects } from "../../domain/workflows/run/effects.ts";
import type { RunEvent } from "../../domain/workflows/run/event.ts";
import { replay } from "../../domain/workflows/run/replay.ts";
import type { RunState } from "../../domain/workflows/run/state.ts";
import { isEnded } from "../../domain/workflows/run/state.ts";
import type { PlatformContext } from "../../services/context.ts";
import type { ReviewRow, RunAct, Waiter } from "../../services/workflows/ports.ts";
import type { CommonTurn } from "./common-turn.ts";
import type { EffectHost } from "./effects.ts";
import { Effects } from "./effects.ts";
import type { Family } from "./family.ts";
import { childrenOf, endedChildren } from "./family-news.ts";
import { Inbox, joined, type Letter } from "./inbox.ts";
import type { Journal, Origin } from "./journal.ts";
import type { Lanes } from "./lanes.ts";
import { lazyMachine } from "./machines.ts";
import { NewsTimer } from "./news-timer.ts";
import { refusal } from "./refusal.ts";
import { changedReviews } from "./reviews.ts";
import { type RunAlarm, RunClock } from "./run-clock.ts";
import type { Tables } from "./tables.ts";
import type { Ticks } from "./ticks.ts";

// A run in memory: decides, writes down, acts.
//   R1  Persist before acting: a decision's events are in the journal before an effect starts or an answer leaves. The
//       platform holds every outgoing message until the commit is on disk, so writing in the same turn is enough.
//   R2  Memory is a cache: state, timers and effects are rebuilt from the journal by whatever wakes the object.
//   R3  One alarm serves all: the run's own timers, effects lost in a crash, and whoever has not answered yet.
//   R4  An EXPRESS run is in memory alone at first: it is written down once it has ended or has lasted KEEP_AFTER_MS, and
//       a crash before that leaves nothing of it. A child of a distributed Map that succeeds before that is written down
//       only where its output rests with it (result-files.ts): otherwise its parent's journal has it.

/** Replay reads at most this many events beyond the snapshot. */
const SNAPSHOT_EVERY = 500;
/** While something is under way outside, how long until an object that died is woken to take it up again. */
const GUARD_MS = 15 * SECOND_MS;
/** A run that waits for a slot is told of it; it asks by itself in case that was lost. */
const QUEUED_MS = 120 * SECOND_MS;
/** Well under the ten seconds after which the platform may forget an idle object. */
const KEEP_AFTER_MS = 2 * SECOND_MS;
/** The answer leaves first; then what ended is written down. */
const KEEP_ENDED_MS = 10;
/** Ends of children are gathered the longer the more there are, so that a history of 25,000 events has room for all. */
const CHILDREN_A_MS = 100;
const MAX_GATHERING_MS = 500;

export interface Live {
  origin: Origin;
  /** Parsed for the first decision: who only reads the run needs none. */
  machine: () => Machine;
  state: RunState;
  snapshotSeq: number;
  pendingReviews: Map<string, ReviewRow>;
  /** Waits for a slot: begun, but enters no state. */
  isQueued: boolean;
}

export interface LiveRunHost extends Omit<EffectHost, "goOn" | "later"> {
  platform(): PlatformContext;
  /** Tells relatives what is due. False when someone could not be reached: the alarm tries again. */
  deliver(live: Live): Promise<boolean>;
  /** Tells the queue what the read models are to know. */
  sendNews(live: Live): Promise<void>;
  /** Whether the run that waits for a slot has one by now. */
  hasSlot(live: Live): Promise<boolean>;
}

interface LiveRunParts {
  journal: Journal;
  family: Family;
  tables: Tables;
  alarm: RunAlarm;
  /** Of all runs of the object together, as are the turn and the ticks. */
  connections: Lanes;
  turn: CommonTurn;
  ticks: Ticks;
}

interface Outcome {
  state: RunState;
  events: readonly RunEvent[];
  effects: readonly Effect[];
}

export class LiveRun {
  readonly effects: Effects;
  readonly #journal: Journal;
  readonly #family: Family;
  readonly #tables: Tables;
  readonly #commonTurn: CommonTurn;
  readonly #host: LiveRunHost;
  readonly #clock: RunClock;
  readonly #inbox: Inbox;
  readonly #news: NewsTimer;
  #live: Live | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #isDelivering = false;
  #keepTimer: { handle: ReturnType<typeof setTimeout>; isEnded: boolean } | null = null;
  #listeners: (() => void)[] = [];

  constructor(parts: LiveRunParts, host: LiveRunHost) {
    this.#journal = parts.journal;
    this.#family = parts.family;
    this.#tables = parts.tables;
    this.#commonTurn = parts.turn;
    this.#host = host;
    const later = (work: Promise<unknown>) => this.later(work);
    const goOn = async () => {
      // A promise alone would hold the thread that other runs of the isolate need, too.
      await new Promise((resolve) => setTimeout(resolve, 0));
      await this.put({ type: "Continue" });
    };
    this.effects = new Effects({ ...host, goOn, later }, parts.connections);
    this.#clock = new RunClock(parts.alarm, { later, ring: () => this.#ringTimers() });
    this.#news = new NewsTimer(parts.ticks, () => later(this.#sendNews()));
    this.#inbox = new Inbox((first) => this.#openSoon(first, () => later(this.inTurn(() => this.#answerLetters()))));
  }

  /** The run in memory, rebuilt from the journal when the object is fresh. What was under way is taken up again. */
  load(): Live | null {
    if (this.#live !== null) return this.#live;
    const origin = this.#journal.origin();
    if (origin === null) return null;
    const snapshot = this.#journal.snapshot();
    const state = replay(this.#journal.events(snapshot?.seq ?? 0), snapshot ?? undefined);
    const pending = this.#journal.reviews(0).filter((review) => review.status === "pending");
    this.#live = {
      origin,
      machine: lazyMachine(origin),
      state,
      snapshotSeq: snapshot?.seq ?? 0,
      pendingReviews: new Map(pending.map((review) => [review.id, review])),
      isQueued: origin.slot !== null && origin.slot.leaseId === null && this.#journal.isQueued,
    };
    this.#takeUp(this.#live);
    return this.#live;
  }

  require(): Live {
    const live = this.load();
    if (live === null) throw refusal("not-started");
    return live;
  }

  /** The run that waited for a slot has one. Within a turn. */
  async takeSlot(): Promise<void> {
    const live = this.require();
    if (!live.isQueued || isEnded(live.state)) return;
    live.isQueued = false;
    await this.decide(live, { type: "Continue" }, null, () => this.#journal.unqueue());
  }

  /** A command that its caller waits for; a refusal is thrown. Answers the reviews that it changed. */
  async decide(live: Live, command: RunCommand, act: RunAct | null, before?: () => void): Promise<ReviewRow[]> {
    const decision = await this.#decision(live, command);
    if (decision.refused !== null) throw refusal(decision.refused);
    return this.#persist(live, decision, () => {
      before?.();
      if (act !== null) this.#journal.addAct(act, Date.now());
    });
  }

  /** An answer from outside, decided together with others that come at the same time. Resolves when it is durable. */
  put(command: RunCommand): Promise<Refusal | null> {
    return this.#inbox.put(command);
  }

  /** Commands one after another: deciding awaits, and no other command may see what lies between. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Resolves at the next change. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  async alarmRang(): Promise<void> {
    this.#clock.alarmRang();
    const live = this.load();
    if (live === null) return this.#clock.stop();
    // A handler that throws is repeated by the platform at its own pace; this one sets its next alarm first.
    this.#clock.wakeBy(Date.now() + GUARD_MS);
    try {
      await this.#ringTimers();
      this.#news.heard();
      this.#takeUp(live);
      await this.#clock.restUntil(this.#dueAt(live));
    } catch (error) {
      this.#host.platform().log.error("run.alarm-failed", error, { runId: live.origin.runId });
    }
  }

  /** The read models stand at this event and act. */
  async acknowledge(seq: number, act: number): Promise<void> {
    const live = this.load();
    if (live === null) return;
    this.#news.heard();
    this.#journal.saveProjected(seq, act);
    if (seq < live.state.seq) {
      this.#announce(live);
      this.#schedule(live);
    } else if (isEnded(live.state) && this.effects.size === 0 && !this.#family.hasNews()) await this.#clock.stop();
  }

  /** Tells relatives what is due, until nothing is. */
  deliver(live: Live): void {
    if (this.#isDelivering || !this.#family.hasNews()) return;
    this.#isDelivering = true;
    const work = async () => {
      const isDone = await this.#host.deliver(live).finally(() => {
        this.#isDelivering = false;
      });
      if (isDone) this.deliver(live);
    };
    this.later(work());
  }

  /** Nothing is under way or left to be told, so that the journal alone says all of it. */
  get isAtRest(): boolean {
    const live = this.#live;
    if (live === null) return true;
    if (!isEnded(live.state) || this.effects.size > 0 || this.#news.isSet || this.#keepTimer !== null) return false;
    if (!this.#journal.isKept) return isFleeting(live);
    return this.#journal.projected().seq >= live.state.seq && !this.#family.hasNews();
  }

  /** The journal has nothing of the run any more. */
  async forget(): Promise<void> {
    this.#live = null;
    await this.#clock.stop();
  }

  chance(): Chance {
    const { random } = this.#host.platform();
    return { now: () => new Date(), random: () => random.next(), uuid: () => crypto.randomUUID() };
  }

  /** An object stays for as long as any promise of its is open, so none has to be named to the platform. */
  later(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      const platform = this.#host.platform();
      const runId = this.#live?.origin.runId;
      platform.log.error("run.defect", error, { runId });
      platform.ports.errorTracker.capture(error, { runId });
    });
  }

  async #decision(live: Live, command: RunCommand) {
    try {
      const maxStates = live.isQueued ? 0 : undefined;
      const decision = await decide(live.machine(), live.state, command, this.chance(), maxStates);
      live.state = decision.state;
      return live.isQueued && decision.refused === null
        ? { ...decision, effects: decision.effects.filter(isNotContinue) }
        : decision;
    } catch (error) {
      this.#live = null;
      throw error;
    }
  }

  async #answerLetters(): Promise<void> {
    const letters = this.#inbox.drain();
    try {
      const answers = await this.#decideTogether(joined(letters));
      for (const { letter, refused } of answers) letter.answer(refused);
    } catch (error) {
      for (const letter of letters) letter.fail(error);
    }
  }

  async #decideTogether(
    groups: readonly { command: RunCommand; letters: Letter[] }[],
  ): Promise<{ letter: Letter; refused: Refusal | null }[]> {
    const live = this.require();
    const events: RunEvent[] = [];
    const effects: Effect[] = [];
    const ended: string[] = [];
    const answers: { letter: Letter; refused: Refusal | null }[] = [];
    for (const { command, letters } of groups) {
      const decision = await this.#decision(live, command);
      events.push(...decision.events);
      effects.push(...decision.effects);
      if (decision.refused === null) ended.push(...endedChildren(command));
      answers.push(...letters.map((letter) => ({ letter, refused: decision.refused })));
    }
    if (events.length > 0 || effects.length > 0) {
      this.#persist(live, { state: live.state, events, effects }, null, ended);
    }
    return answers;
  }

  /** Writes down what was decided, with what `first` writes, and acts on it. Answers the reviews that have changed. */
  #persist(
    live: Live,
    { state, events, effects }: Outcome,
    first: (() => void) | null,
    ended: string[] = [],
  ): ReviewRow[] {
    const reviews = changedReviews(live.pendingReviews, events, state);
    const begun = effects.flatMap((effect) => childrenOf(live.origin, effect));
    const isBound = this.#family.hasAny || begun.length > 0;
    const isRewound = events.some((event) => event.type === "RunRewound");
    try {
      // A row of events is all or nothing by itself, and most decisions write nothing else.
      if (first === null && reviews.length === 0 && !isBound && !isRewound) this.#journal.append(events);
      else {
        this.#tables.transaction(() => {
          first?.();
          this.#family.finished(ended);
          this.#journal.append(events);
          for (const review of reviews) this.#journal.saveReview(review, state.seq);
          this.#saveFamily(state, effects, begun);
          // What replay began with before may lie beyond the rewind.
          if (isRewound) this.#saveSnapshot(live);
        });
      }
      const isLong = state.seq - live.snapshotSeq >= SNAPSHOT_EVERY || this.#journal.wantsSnapshot;
      if (isLong) this.#tables.transaction(() => this.#saveSnapshot(live));
    } catch (error) {
      // The state in memory is ahead of the journal now; the journal is right.
      this.#live = null;
      throw error;
    }
    this.#live = live;
    for (const effect of effects) this.effects.begin(effect);
    this.deliver(live);
    this.#announce(live);
    this.#schedule(live);
    for (const listener of this.#listeners.splice(0)) listener();
    return reviews;
  }

  #saveSnapshot(live: Live): void {
    this.#journal.saveSnapshot(live.state);
    live.snapshotSeq = live.state.seq;
  }

  #saveFamily(state: RunState, effects: readonly Effect[], begun: readonly Waiter[]): void {
    for (const effect of effects) {
      if (effect.kind === "cancelTask" || effect.kind === "cancelChildren") this.#family.callOff(effect.key);
    }
    this.#family.begun(begun);
    if (isEnded(state)) this.#family.ended();
  }

  #takeUp(live: Live): void {
    const pending = pendingEffects(live.state);
    for (const effect of live.isQueued ? pending.filter(isNotContinue) : pending) this.effects.begin(effect);
    if (live.isQueued && !isEnded(live.state)) this.later(this.#askForSlot(live));
    this.deliver(live);
    if (this.#journal.projected().seq < live.state.seq) this.#announce(live);
    this.#schedule(live);
  }

  async #askForSlot(live: Live): Promise<void> {
    if (await this.#host.hasSlot(live)) await this.inTurn(() => this.takeSlot());
  }

  async #ringTimers(): Promise<void> {
    const live = this.load();
    const at = live === null ? null : nextTimerAt(live.state);
    if (at !== null && at <= Date.now()) await this.put({ type: "TimersDue" });
  }

  #schedule(live: Live): void {
    const timerAt = nextTimerAt(live.state);
    if (timerAt !== null) this.#clock.ringInMemory(timerAt);
    if (!this.#journal.isKept) {
      if (isFleeting(live)) this.#stopKeeping();
      else this.#keepSoon(isEnded(live.state));
      return;
    }
    const at = this.#dueAt(live);
    if (Number.isFinite(at)) this.#clock.wakeBy(at);
  }

  /** When the object must be woken for this run if nothing happens before; never where that is infinite. */
  #dueAt(live: Live): number {
    const isMoving = this.effects.size > 0 || this.#news.isUnheard || this.#isDelivering;
    const isWaiting = live.isQueued && !isEnded(live.state);
    const guardMs = isMoving ? GUARD_MS : isWaiting ? QUEUED_MS : Number.POSITIVE_INFINITY;
    return Math.min(nextTimerAt(live.state) ?? Number.POSITIVE_INFINITY, Date.now() + guardMs);
  }

  #keepSoon(hasEnded: boolean): void {
    if (this.#keepTimer !== null) {
      if (this.#keepTimer.isEnded || !hasEnded) return;
      clearTimeout(this.#keepTimer.handle);
    }
    const handle = setTimeout(() => this.keep(), hasEnded ? KEEP_ENDED_MS : KEEP_AFTER_MS);
    this.#keepTimer = { handle, isEnded: hasEnded };
  }

  #stopKeeping(): void {
    if (this.#keepTimer !== null) clearTimeout(this.#keepTimer.handle);
    this.#keepTimer = null;
  }

  /** Writes down an EXPRESS run that is in memory alone. */
  keep(): void {
    this.#stopKeeping();
    this.#tables.transaction(() => this.#journal.keep());
    if (this.#live === null) return;
    this.#announce(this.#live);
    this.#schedule(this.#live);
  }

  /** Tells the queue that the run has moved. Repeated by the alarm until the read models answer. */
  #announce({ state }: Live): void {
    if (this.#journal.isKept) this.#news.moved(isEnded(state));
  }

  /** As the journal has it by now: a state that could not be written down has been forgotten. */
  async #sendNews(): Promise<void> {
    await this.#host.sendNews(this.require());
  }

  /** An answer waits for others where others are under way, to this run or to one beside it. */
  #openSoon(first: RunCommand, open: () => void): void {
    if (first.type === "ChildrenFinished") setTimeout(open, this.#gatheringMs(first.key));
    else this.#commonTurn.join(open, this.effects.size > 0);
  }

  #gatheringMs(key: string): number {
    const phase = this.#live?.state.scopes[key.slice(0, key.indexOf("/"))]?.phase;
    const total = phase?.at === "fanOut" ? phase.fanOut.total : 0;
    return Math.min(total / CHILDREN_A_MS, MAX_GATHERING_MS);
  }
}

/** Nobody asks for it again: its parent takes the output, and starts it anew if that was lost. */
function isFleeting({ origin, state }: Live): boolean {
  return origin.mapState !== undefined && state.status === "succeeded";
}

/** A run that waits for a slot goes on when it has one, and not before. */
function isNotContinue({ kind }: Effect): boolean {
  return kind !== "continue";
}
