import type { Effect, TaskEffect } from "../../domain/workflows/run/effects.ts";
import { startsRun } from "../../services/workflows/child-runs.ts";
import type { TaskOutcome } from "../../services/workflows/task-call.ts";
import type { Lanes } from "./lanes.ts";

export type MapRunEffect = Extract<
  Effect,
  { kind: "readItems" | "startChildren" | "writeResultFile" | "writeResults" }
>;

export interface EffectHost {
  /** Does the task's work outside. Never throws: a failure is an outcome. */
  perform(task: TaskEffect, signal: AbortSignal): Promise<TaskOutcome>;
  /** Whether the outside has the task already and will answer by itself. */
  isSubmitted(task: TaskEffect): boolean;
  /** The outcome comes back as a command. */
  settle(task: TaskEffect, outcome: TaskOutcome): Promise<void>;
  /** What a distributed Map needs; resolves when it is under way, or done. */
  advanceMapRun(effect: MapRunEffect, isWanted: () => boolean): Promise<void>;
  /** Another turn for a decision that spent its step budget. */
  goOn(): Promise<void>;
  later(work: Promise<unknown>): void;
}

/**
 * What is under way outside. It lives in memory alone: after a crash the journal says what must be under way, and begin() starts
 * what is not. An effect whose key is already under way is not begun again.
 */
export class Effects {
  readonly #host: EffectHost;
  readonly #running = new Map<string, AbortController>();
  readonly #connections: Lanes;

  constructor(host: EffectHost, connections: Lanes) {
    this.#host = host;
    this.#connections = connections;
  }

  get size(): number {
    return this.#running.size;
  }

  begin(effect: Effect): void {
    switch (effect.kind) {
      case "task":
        this.#task(effect);
        break;
      case "cancelTask":
        this.#cancel(effect.key);
        break;
      case "cancelChildren":
        for (const key of this.#running.keys()) if (key.startsWith(`${effect.key}:`)) this.#cancel(key);
        break;
      case "continue":
        this.#host.later(this.#host.goOn());
        break;
      case "readItems":
      case "startChildren":
      case "writeResultFile":
      case "writeResults":
        this.#mapRun(effect);
        break;
      default:
        effect satisfies never;
    }
  }

  #cancel(key: string): void {
    this.#running.get(key)?.abort(new Error("The run no longer waits for this"));
    this.#running.delete(key);
  }

  #task(task: TaskEffect): void {
    if (task.reviewId !== undefined || this.#host.isSubmitted(task)) return;
    this.#track(task.key, async (abort, isWanted) => {
      const perform = () => this.#host.perform(task, abort.signal);
      // A call to another run holds no connection, and a start must not wait behind slow answers.
      const outcome = await (startsRun(task.resource) ? perform() : this.#connections.run(perform));
      // Cancelled while it ran: the run has gone on without it.
      if (!isWanted()) return;
      this.#running.delete(task.key);
      await this.#host.settle(task, outcome);
    });
  }

  /** Waves and files of one map run follow each other under one key, so each of them and each stage is tracked by itself. */
  #mapRun(effect: MapRunEffect): void {
    this.#track(`${effect.key}:${effect.kind}${partOf(effect)}`, async (_abort, isWanted) => {
      await this.#host.advanceMapRun(effect, isWanted);
    });
  }

  #track(key: string, work: (abort: AbortController, isWanted: () => boolean) => Promise<void>): void {
    if (this.#running.has(key)) return;
    const abort = new AbortController();
    this.#running.set(key, abort);
    const isWanted = () => this.#running.get(key) === abort;
    const tracked = async () => {
      try {
        await work(abort, isWanted);
      } finally {
        if (isWanted()) this.#running.delete(key);
      }
    };
    this.#host.later(tracked());
  }
}

function partOf(effect: MapRunEffect): string {
  if (effect.kind === "startChildren") return `:${effect.indexes[0]}`;
  return effect.kind === "writeResultFile" ? `:${effect.number}` : "";
}
