import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../../adapters/compose.ts";
import type { QueueMessage } from "../../domain/jobs/message.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { indexOfMapChild, placeOf } from "../../domain/workflows/run-place.ts";
import type { PlatformContext } from "../../services/context.ts";
import { within } from "../../services/within.ts";
import type {
  ChildEnd,
  ProjectedMark,
  RunMethods,
  StartedChild,
  StartRunRequest,
} from "../../services/workflows/ports.ts";
import { CommonTurn } from "./common-turn.ts";
import { HostedRun, type RunHome } from "./hosted-run.ts";
import { Lanes } from "./lanes.ts";
import { ObjectAlarm } from "./object-alarm.ts";
import { OnDisk } from "./on-disk.ts";
import { Tables } from "./tables.ts";
import { Ticks } from "./ticks.ts";
import { Together } from "./together.ts";

// The object of a run, or of many runs of one distributed Map.
//   O1  A run is in memory at most once, however many calls for it are under way.
//   O2  One of many leaves memory when it is at rest and no call is under way; a run that is alone stays as long as its object.

/** workerd: an invocation has six connections; more would wait there, unseen and unordered. */
const CONNECTIONS = 6;
/** A call that waits for the end of a child answers by then, with none where none has ended. */
const WAIT_MS = 30 * SECOND_MS;
/** Children that end together are told of together. */
const GATHER_MS = 10;

interface InMemory {
  hosted: HostedRun;
  calls: number;
}

export class WorkflowRun extends DurableObject<Env> {
  readonly #runs = new Map<number, InMemory>();
  readonly #tables: Tables;
  readonly #alarm: ObjectAlarm;
  readonly #connections = new Lanes(CONNECTIONS);
  readonly #turn = new CommonTurn(this.#connections);
  readonly #onDisk: OnDisk;
  readonly #ticks = new Ticks();
  /** EXPRESS children whose parent has not heard how they ended: nothing else knows. */
  readonly #untold = new Set<number>();
  readonly #news = new Together<QueueMessage>((_queue, news) => this.#platform().ports.queue.send(news));
  readonly #ends: Together<ChildEnd>;
  #composed: PlatformContext | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#tables = new Tables(ctx.storage);
    this.#alarm = new ObjectAlarm(ctx.storage, this.#tables);
    this.#onDisk = new OnDisk(() => ctx.storage.sync());
    this.#ends = new Together((parent, ends) => {
      const [tenantId = "", runId = ""] = parent.split(":");
      return this.#platform().ports.runActors.of(tenantId, runId).childrenEnded(ends);
    });
  }

  /** One method of one of its runs. */
  async call<M extends keyof RunMethods>(run: number, method: M, args: Parameters<RunMethods[M]>) {
    return this.#within([run], async ([hosted]) => {
      // The compiler does not see that these are the arguments of this very method.
      const perform = hosted?.[method].bind(hosted) as (...args: unknown[]) => ReturnType<RunMethods[M]>;
      return await perform(...args);
    });
  }

  async startChildren(requests: readonly StartRunRequest[]): Promise<StartedChild[]> {
    const runs = requests.map(({ runId }) => placeOf(runId).run);
    return this.#within(runs, async (hosted) => {
      for (const [at, request] of requests.entries()) {
        // A child that would wait for a connection would only be more to write down.
        await this.#connections.room();
        await this.#startChild(request, hosted[at]);
      }
      // The first may have ended while the last had to wait.
      return this.#told(hosted.map((run, at) => startedChild(requests[at]?.runId ?? "", run)));
    });
  }

  async #startChild(request: StartRunRequest, hosted: HostedRun | undefined): Promise<void> {
    const { runId, type } = request;
    try {
      await hosted?.start(request);
      if (type === "EXPRESS") this.#untold.add(placeOf(runId).run);
    } catch (error) {
      this.#platform().log.error("run.child-not-started", error, { runId });
    }
  }

  #told(children: StartedChild[]): StartedChild[] {
    for (const { runId, outcome } of children) if (outcome !== "running") this.#untold.delete(placeOf(runId).run);
    return children;
  }

  async endedChildren(runIds: readonly string[]): Promise<StartedChild[]> {
    const runs = runIds.map((runId) => placeOf(runId).run);
    return this.#within(runs, async (hosted) => {
      const until = Date.now() + WAIT_MS;
      while (hosted.every((run) => run.isGoingOn)) {
        const change = Promise.race(hosted.map((run) => run.changed().then(() => true)));
        if (!(await within(change, until - Date.now(), () => false))) return [];
      }
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      const children = hosted.map((run, at) => startedChild(runIds[at] ?? "", run));
      return this.#told(children.filter(({ outcome }) => outcome !== "running"));
    });
  }

  async callOff(parentRunId: string, runs: readonly number[]): Promise<void> {
    await this.#within(runs, async (hosted) => {
      await Promise.all(hosted.map((run) => run.callOff(parentRunId)));
      for (const run of runs) this.#untold.delete(run);
    });
  }

  async acknowledge(marks: readonly ProjectedMark[]): Promise<void> {
    const runs = marks.map(({ runId }) => placeOf(runId).run);
    await this.#within(runs, (hosted) =>
      Promise.all(marks.map(({ seq, act }, at) => hosted[at]?.acknowledge(seq, act))),
    );
  }

  /** The live stream of a run's events; the only request that is not a method, because its answer is a response. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const [run, after] = ["run", "after"].map((name) => Number(searchParams.get(name) ?? 0));
    return this.#within(
      [run ?? 0],
      async ([hosted]) => hosted?.stream(after ?? 0) ?? new Response(null, { status: 404 }),
    );
  }

  override async alarm(): Promise<void> {
    await this.#within(this.#alarm.rang(), (hosted) => Promise.all(hosted.map((run) => run.alarmRang())));
    await this.#alarm.goOn();
  }

  async #within<T>(runs: readonly number[], work: (hosted: HostedRun[]) => Promise<T>): Promise<T> {
    const inMemory = runs.map((run) => this.#inMemory(run));
    for (const one of inMemory) one.calls++;
    try {
      return await work(inMemory.map(({ hosted }) => hosted));
    } finally {
      for (const [at, one] of inMemory.entries()) {
        one.calls--;
        const run = runs[at] ?? 0;
        if (run !== 0 && one.calls === 0 && one.hosted.isAtRest && !this.#untold.has(run)) this.#runs.delete(run);
      }
    }
  }

  #inMemory(run: number): InMemory {
    const known = this.#runs.get(run);
    if (known !== undefined) return known;
    const one = { hosted: new HostedRun(this.#home(run === 0), run), calls: 0 };
    this.#runs.set(run, one);
    return one;
  }

  #home(isAlone: boolean): RunHome {
    const { runActors, queue } = this.#platform().ports;
    return {
      storage: this.ctx.storage,
      tables: this.#tables,
      alarm: this.#alarm,
      connections: this.#connections,
      turn: this.#turn,
      onDisk: this.#onDisk,
      ticks: this.#ticks,
      platform: () => this.#platform(),
      tell: (news) => (isAlone ? queue.send([news]) : this.#news.put("", news)),
      tellEnd: ({ tenantId, parentRunId, end }) =>
        isAlone
          ? runActors.of(tenantId, parentRunId).childrenEnded([end])
          : this.#ends.put(`${tenantId}:${parentRunId}`, end),
    };
  }

  /** One for the life of the object: what differs between requests, a run takes from its origin. */
  #platform(): PlatformContext {
    this.#composed ??= composePlatform(this.env, { waitUntil: (work) => this.ctx.waitUntil(work) });
    return this.#composed;
  }
}

function startedChild(runId: string, hosted: HostedRun): StartedChild {
  return { runId, outcome: hosted.asMapChild(indexOfMapChild(runId)) };
}
