import type { Json } from "../../domain/kernel/json.ts";
import { childRunId } from "../../domain/workflows/arn.ts";
import type { StartChildrenEffect } from "../../domain/workflows/run/effects.ts";
import type { ChildOutcome, Failure } from "../../domain/workflows/run/event.ts";
import type { Run } from "../../domain/workflows/run-view.ts";
import type { RunActors, StartRunRequest } from "../../services/workflows/ports.ts";
import type { Origin } from "./journal.ts";
import { Lanes } from "./lanes.ts";

export interface MapChildrenHost {
  origin(): Origin;
  actors(): RunActors;
  /** What the child begins with; null once the map run no longer waits for it. */
  inputOf(effect: StartChildrenEffect, index: number): Promise<{ input: Json } | { failure: Failure } | null>;
  finished(key: string, child: ChildOutcome): void;
}

/** Starts under way at once: each is a call to another object, which costs that object its creation. */
const STARTS = 32;
/** EXPRESS: five minutes, and the answer's way. */
const EXPRESS_WAIT_SECONDS = 310;

/** Starts the children of distributed Maps. Those that run are told of by themselves; only what is being started is known here. */
export class MapChildren {
  readonly #host: MapChildrenHost;
  readonly #starts = new Lanes(STARTS);
  /** Children whose object has taken them, by key, until they end: the guard need not start them again. */
  readonly #taken = new Set<string>();

  constructor(host: MapChildrenHost) {
    this.#host = host;
  }

  async start(effect: StartChildrenEffect, isWanted: () => boolean): Promise<void> {
    const outcomes = await Promise.allSettled(
      effect.indexes
        .filter((index) => !this.#taken.has(childKey(effect.key, index)))
        .map((index) => this.#starts.run(async () => isWanted() && (await this.#startOne(effect, index)))),
    );
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  ended(mapRunKey: string, index: number): void {
    this.#taken.delete(childKey(mapRunKey, index));
  }

  async #startOne(effect: StartChildrenEffect, index: number): Promise<void> {
    const begin = await this.#host.inputOf(effect, index);
    if (begin === null) return;
    if ("failure" in begin) {
      this.#host.finished(effect.key, { index, status: "failed", ...begin.failure });
      return;
    }
    const origin = this.#host.origin();
    const key = childKey(effect.key, index);
    const isExpress = effect.settings.executionType === "EXPRESS";
    const request = childRequest(origin, effect, key, begin.input);
    const actor = this.#host.actors().of(origin.tenantId, request.runId);
    this.#taken.add(key);
    try {
      const { run } = await actor.start(request, isExpress ? EXPRESS_WAIT_SECONDS : 0);
      if (run.stoppedAt === undefined) return;
      this.#taken.delete(key);
      this.#host.finished(effect.key, mapChildOutcome(index, run));
    } catch (error) {
      this.#taken.delete(key);
      throw error;
    }
  }
}

/** A child that takes longer than its start is told of when it ends; for an EXPRESS one the start waits. */
function childRequest(origin: Origin, effect: StartChildrenEffect, key: string, input: Json): StartRunRequest {
  const type = effect.settings.executionType;
  const runId = childRunId(origin.tenantId, origin.runId, key);
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

export function mapChildOutcome(index: number, run: Run): ChildOutcome {
  if (run.status === "succeeded") return { index, status: "succeeded", output: run.output ?? null };
  const error = run.error ?? (run.status === "timed_out" ? "States.Timeout" : undefined);
  return {
    index,
    status: "failed",
    ...(error !== undefined && { error }),
    ...(run.cause !== undefined && { cause: run.cause }),
  };
}
