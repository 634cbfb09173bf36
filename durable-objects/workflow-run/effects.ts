import type { Effect, TaskEffect } from "../../domain/workflows/run/effects.ts";
import type { TaskOutcome } from "../../services/workflows/perform-task.ts";

export interface EffectHost {
  /** Does the task's work outside. Never throws: a failure is an outcome. */
  perform(task: TaskEffect, signal: AbortSignal): Promise<TaskOutcome>;
  /** The outcome comes back as a command. */
  settle(task: TaskEffect, outcome: TaskOutcome): Promise<void>;
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

  constructor(host: EffectHost) {
    this.#host = host;
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
        this.#running.get(effect.key)?.abort(new Error("The run no longer waits for this task"));
        this.#running.delete(effect.key);
        break;
      case "continue":
        this.#host.later(this.#host.goOn());
        break;
      case "readItems":
      case "startChildren":
      case "cancelChildren":
      case "writeResults":
        throw new Error(`Distributed Map is not available: ${effect.kind}`);
      default:
        effect satisfies never;
    }
  }

  #task(task: TaskEffect): void {
    if (task.reviewId !== undefined || this.#running.has(task.key)) return;
    const abort = new AbortController();
    this.#running.set(task.key, abort);
    const work = async () => {
      const outcome = await this.#host.perform(task, abort.signal);
      // Cancelled while it ran: the run has gone on without it.
      if (this.#running.get(task.key) !== abort) return;
      this.#running.delete(task.key);
      await this.#host.settle(task, outcome);
    };
    this.#host.later(work());
  }
}
