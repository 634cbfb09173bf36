import { awaitsChild, childInput } from "../../domain/workflows/run/child-run.ts";
import type { WriteResultFileEffect } from "../../domain/workflows/run/effects.ts";
import type { ChildOutcome } from "../../domain/workflows/run/event.ts";
import { fanOutOf, type MapRun } from "../../domain/workflows/run/state.ts";
import type { ServiceContext } from "../../services/context.ts";
import { readMapItems } from "../../services/workflows/map-items.ts";
import {
  type MapOutput,
  transformedResults,
  writeManifest,
  writeResultFile,
} from "../../services/workflows/map-results.ts";
import type { MapRunEffect } from "./effects.ts";
import type { LiveRun } from "./live-run.ts";
import { MapChildren } from "./map-children.ts";

/** Does for a distributed Map what is outside of its run: reads its items, starts its children, writes what they answered. */
export class MapRunHost {
  readonly #run: LiveRun;
  readonly #context: () => ServiceContext;
  readonly #children: MapChildren;

  constructor(run: LiveRun, context: () => ServiceContext) {
    this.#run = run;
    this.#context = context;
    this.#children = new MapChildren({
      origin: () => run.require().origin,
      actors: () => context().ports.runActors,
      isAwaited: (key, index) => awaitsChild(run.require().state, key, index),
      inputOf: (effect, index) => this.#inputOf(effect.key, index),
      finished: (key, child) => this.finished(key, child),
    });
  }

  async advance(effect: MapRunEffect, isWanted: () => boolean): Promise<void> {
    switch (effect.kind) {
      case "readItems":
        return this.#read(effect);
      case "startChildren":
        return this.#children.start(effect, isWanted);
      case "writeResultFile":
        return this.#writeFile(effect);
      case "writeResults":
        return this.#write(effect);
      default:
        return effect satisfies never;
    }
  }

  finished(key: string, child: ChildOutcome): void {
    this.#run.later(this.childEnded(key, child));
  }

  /** Resolves when the child's end is durable. */
  async childEnded(key: string, child: ChildOutcome): Promise<void> {
    try {
      await this.#run.put({ type: "ChildrenFinished", key, children: [child] });
    } finally {
      // Not before: until its end is written down, the guard would take it for one that was never started.
      this.#children.ended(key, child.index);
    }
  }

  async #read({ key, settings }: MapRunEffect & { kind: "readItems" }): Promise<void> {
    const read = await attempt(() => readMapItems(this.#context(), settings));
    if ("failed" in read) await this.#run.put({ type: "ItemsReadFailed", key, cause: read.failed });
    else if ("failure" in read.done) await this.#run.put({ type: "ItemsReadFailed", key, ...read.done.failure });
    else await this.#run.put({ type: "ItemsRead", key, items: read.done.items });
  }

  async #writeFile(effect: WriteResultFileEffect): Promise<void> {
    const { key, number, file } = effect;
    const mapRun = this.#mapRun(key);
    if (mapRun === null) return;
    const written = await attempt(() => writeResultFile(this.#context(), this.#outputOf(effect, mapRun), number, file));
    if ("failed" in written) await this.#run.put({ type: "ResultsWriteFailed", key, cause: written.failed });
    else await this.#run.put({ type: "ResultFileWritten", key, number, file: written.done });
  }

  async #write(effect: MapRunEffect & { kind: "writeResults" }): Promise<void> {
    const { key, results } = effect;
    const mapRun = this.#mapRun(key);
    if (mapRun === null) return;
    const { failures, resultFiles } = mapRun;
    const map = this.#outputOf(effect, mapRun);
    const written = await attempt(() =>
      resultFiles === undefined
        ? transformedResults(this.#context(), map, results, failures)
        : writeManifest(this.#context(), map, resultFiles.written, failures),
    );
    if ("failed" in written) await this.#run.put({ type: "ResultsWriteFailed", key, cause: written.failed });
    else await this.#run.put({ type: "ResultsWritten", key, output: written.done });
  }

  #mapRun(key: string): MapRun | null {
    const phase = this.#run.require().state.scopes[key.slice(0, key.indexOf("/"))]?.phase;
    return (phase === undefined ? null : fanOutOf(phase)?.mapRun) ?? null;
  }

  #outputOf({ key, state, settings }: MapRunEffect, { arn }: MapRun): MapOutput {
    const { runId, workflow } = this.#run.require().origin;
    const inputOf = async (index: number) => {
      const begin = await this.#inputOf(key, index);
      return begin !== null && "input" in begin ? begin.input : null;
    };
    return { runId, workflow, state, key, arn, settings, inputOf };
  }

  async #inputOf(key: string, index: number) {
    const { machine, state } = this.#run.require();
    return childInput(machine(), state, key, index, this.#run.chance());
  }
}

/** Storage that cannot be reached fails the map run, which its Retry may then try again. */
async function attempt<T>(work: () => Promise<T>): Promise<{ done: T } | { failed: string }> {
  try {
    return { done: await work() };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
