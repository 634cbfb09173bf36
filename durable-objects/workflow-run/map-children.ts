import { batchesOf } from "../../domain/kernel/batches.ts";
import type { Json } from "../../domain/kernel/json.ts";
import type { StartChildrenEffect } from "../../domain/workflows/run/effects.ts";
import type { ChildOutcome, Failure } from "../../domain/workflows/run/event.ts";
import { hasResultStore } from "../../domain/workflows/run/result-files.ts";
import { indexOfMapChild, mapChildIds, placeOf } from "../../domain/workflows/run-place.ts";
import type { RunActors, StartedChild, StartRunRequest } from "../../services/workflows/ports.ts";
import type { Origin } from "./journal.ts";
import { Lanes } from "./lanes.ts";

export interface MapChildrenHost {
  origin(): Origin;
  actors(): RunActors;
  isAwaited(key: string, index: number): boolean;
  /** What the child begins with; null once the map run no longer waits for it. */
  inputOf(effect: StartChildrenEffect, index: number): Promise<{ input: Json } | { failure: Failure } | null>;
  finished(key: string, child: ChildOutcome): void;
}

/** Of one call: as many as a turn of the object that has them should take, and as much as a message should weigh. */
const STARTS_A_CALL = 16;
const MAX_CALL_CHARACTERS = 1_000_000;

type Begun = { request: StartRunRequest; index: number };

/** Starts the children of distributed Maps. Those that run are told of by themselves; only what is being started is known here. */
export class MapChildren {
  readonly #host: MapChildrenHost;
  /** One call after the other for each object: it answers the next when it has room for it. */
  readonly #calls = new Map<string, Lanes>();
  /** Children whose object has taken them, by key, until their end is written down: the guard must not start them again. */
  readonly #taken = new Set<string>();

  constructor(host: MapChildrenHost) {
    this.#host = host;
  }

  async start(effect: StartChildrenEffect, isWanted: () => boolean): Promise<void> {
    const { tenantId, runId } = this.#host.origin();
    const childId = mapChildIds(tenantId, runId, effect.key);
    const place = (index: number) => placeOf(childId(index)).object;
    const untaken = effect.indexes.filter((index) => this.#isMissing(effect, index));
    const calls = [...Map.groupBy(untaken, place)].flatMap(([object, indexes]) =>
      batchesOf(indexes, STARTS_A_CALL).map((some) =>
        this.#startIn(object, effect, { indexes: some, childId }, isWanted),
      ),
    );
    const outcomes = await Promise.allSettled(calls);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  #isMissing({ key }: StartChildrenEffect, index: number): boolean {
    return !this.#taken.has(childKey(key, index)) && this.#host.isAwaited(key, index);
  }

  ended(mapRunKey: string, index: number): void {
    this.#taken.delete(childKey(mapRunKey, index));
  }

  async #startIn(
    object: string,
    effect: StartChildrenEffect,
    { indexes, childId }: { indexes: readonly number[]; childId: (index: number) => string },
    isWanted: () => boolean,
  ): Promise<void> {
    const running: string[] = [];
    const lane = this.#calls.get(object) ?? new Lanes(1);
    this.#calls.set(object, lane);
    await lane.run(async () => {
      let begun: Begun[] = [];
      let characters = 0;
      const send = async () => {
        running.push(...(await this.#send(effect, begun)));
        begun = [];
        characters = 0;
      };
      for (const index of indexes) {
        if (!isWanted()) return;
        // While this waited for its turn an earlier wave may have started the child, which may have ended since.
        if (!this.#isMissing(effect, index)) continue;
        const begin = await this.#host.inputOf(effect, index);
        if (begin === null) continue;
        if ("failure" in begin) {
          this.#host.finished(effect.key, { index, status: "failed", ...begin.failure });
          continue;
        }
        const child = { runId: childId(index), key: childKey(effect.key, index), input: begin.input };
        begun.push({ index, request: childRequest(this.#host.origin(), effect, child) });
        characters += JSON.stringify(begin.input).length;
        if (characters > MAX_CALL_CHARACTERS) await send();
      }
      if (begun.length > 0) await send();
    });
    // Nobody is told of the end of an EXPRESS child: it is known to nobody but its object, and waits there to be asked for.
    if (effect.settings.executionType === "EXPRESS") await this.#await(effect, running, isWanted);
  }

  /** Answers those that go on. */
  async #send(effect: StartChildrenEffect, begun: readonly Begun[]): Promise<string[]> {
    const { tenantId } = this.#host.origin();
    for (const { index } of begun) this.#taken.add(childKey(effect.key, index));
    try {
      const requests = begun.map(({ request }) => request);
      return this.#settle(effect, await this.#host.actors().startChildren(tenantId, requests));
    } catch (error) {
      for (const { index } of begun) this.ended(effect.key, index);
      throw error;
    }
  }

  async #await(effect: StartChildrenEffect, runIds: readonly string[], isWanted: () => boolean): Promise<void> {
    const { tenantId } = this.#host.origin();
    const running = new Set(runIds);
    try {
      while (running.size > 0 && isWanted()) {
        const ended = await this.#host.actors().endedChildren(tenantId, [...running]);
        for (const { runId } of ended) running.delete(runId);
        this.#settle(effect, ended);
      }
    } finally {
      for (const runId of running) this.ended(effect.key, indexOfMapChild(runId));
    }
  }

  /** Answers those that go on. A child that was lost is started again by the guard. */
  #settle(effect: StartChildrenEffect, children: readonly StartedChild[]): string[] {
    const running: string[] = [];
    for (const { runId, outcome } of children) {
      if (outcome === "running") running.push(runId);
      else if (outcome === "lost") this.ended(effect.key, indexOfMapChild(runId));
      else this.#host.finished(effect.key, outcome);
    }
    return running;
  }
}

/** A STANDARD child that takes longer than its start tells of its end. */
function childRequest(
  origin: Origin,
  effect: StartChildrenEffect,
  { runId, key, input }: { runId: string; key: string; input: Json },
): StartRunRequest {
  const type = effect.settings.executionType;
  return {
    tenantId: origin.tenantId,
    runId,
    workflow: origin.workflow,
    version: origin.version,
    type,
    definition: origin.definition,
    name: runId,
    input,
    ...(origin.maxPayloadBytes !== undefined && { maxPayloadBytes: origin.maxPayloadBytes }),
    traceId: origin.traceId,
    parentRunId: origin.runId,
    depth: origin.depth + 1,
    mapState: effect.state,
    ...(hasResultStore(effect.settings) && { keepsOutput: true as const }),
    ...(type === "STANDARD" && { waiter: { runId: origin.runId, key } }),
    slot: null,
    act: null,
  };
}

export function childKey(mapRunKey: string, index: number): string {
  return `${mapRunKey}/${index}`;
}

/** The map run and the index that a child's key speaks of. */
export function partsOfChildKey(key: string): { mapRun: string; index: number } {
  const slash = key.lastIndexOf("/");
  return { mapRun: key.slice(0, slash), index: Number(key.slice(slash + 1)) };
}
