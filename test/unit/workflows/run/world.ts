import type { Json } from "../../../../domain/kernel/json.ts";
import type { Machine } from "../../../../domain/workflows/definition/machine.ts";
import { parseDefinition } from "../../../../domain/workflows/definition/parse.ts";
import type { Chance } from "../../../../domain/workflows/expression/scope.ts";
import type { Refusal, RunCommand, StartRun } from "../../../../domain/workflows/run/command.ts";
import { decide } from "../../../../domain/workflows/run/decide.ts";
import { type Effect, nextTimerAt, pendingEffects, type TaskEffect } from "../../../../domain/workflows/run/effects.ts";
import type { RunEvent } from "../../../../domain/workflows/run/event.ts";
import { replay } from "../../../../domain/workflows/run/replay.ts";
import { initialState, type RunState } from "../../../../domain/workflows/run/state.ts";

export const START_MS = Date.UTC(2026, 0, 1);

export function machineOf(definition: Json): Machine {
  const { machine, diagnostics } = parseDefinition(definition);
  if (machine === null) throw new Error(JSON.stringify(diagnostics));
  return machine;
}

/** A run with a fake clock, a journal that survives, and whatever it asked of the outside. */
export class World {
  readonly machine: Machine;
  /** The journal as stored: text, so that nothing is shared with the state in memory. */
  readonly stored: string[] = [];
  readonly chance: Chance;
  readonly maxStates: number | undefined;
  state: RunState = initialState();
  open: Effect[] = [];
  now = START_MS;

  constructor(definition: Json, options: { maxStates?: number } = {}) {
    this.machine = machineOf(definition);
    this.maxStates = options.maxStates;
    let serial = 0;
    this.chance = {
      now: () => new Date(this.now),
      random: () => 0.5,
      uuid: () => `00000000-0000-4000-8000-${String(++serial).padStart(12, "0")}`,
    };
  }

  async start(input: Json = {}, more: Partial<StartRun> = {}): Promise<RunEvent[]> {
    return await this.send({
      type: "StartRun",
      input,
      runId: "run_1",
      name: "first",
      roleArn: "role",
      stateMachine: { id: "wf_1", name: "machine" },
      machineType: "STANDARD",
      ...more,
    });
  }

  /** Decides, stores, then takes over the effects, like the object that owns a run. */
  async send(command: RunCommand): Promise<RunEvent[]> {
    const decision = await decide(this.machine, this.state, command, this.chance, this.maxStates);
    this.refused = decision.refused;
    this.state = decision.state;
    for (const event of decision.events) this.stored.push(JSON.stringify(event));
    for (const effect of decision.effects) this.#take(effect);
    return decision.events;
  }

  refused: Refusal | null = null;

  #take(effect: Effect): void {
    if (effect.kind === "cancelTask" || effect.kind === "cancelChildren") {
      this.open = this.open.filter((one) => !("key" in one) || one.key !== effect.key);
    } else this.open.push(effect);
  }

  get journal(): RunEvent[] {
    return this.stored.map((text) => JSON.parse(text) as RunEvent);
  }

  get types(): string[] {
    return this.journal.map(({ type }) => type);
  }

  task(state: string): TaskEffect {
    const found = this.open.findLast((effect) => effect.kind === "task" && effect.state === state);
    if (found?.kind !== "task") throw new Error(`no open task of ${state}`);
    return found;
  }

  async succeed(state: string, output: Json): Promise<RunEvent[]> {
    const { key } = this.task(state);
    this.open = this.open.filter((effect) => !("key" in effect) || effect.key !== key);
    return await this.send({ type: "TaskSucceeded", task: { key }, output });
  }

  async fail(state: string, error?: string, cause?: string): Promise<RunEvent[]> {
    const { key } = this.task(state);
    this.open = this.open.filter((effect) => !("key" in effect) || effect.key !== key);
    const failure = { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
    return await this.send({ type: "TaskFailed", task: { key }, ...failure });
  }

  /** Lets time pass up to the next timer. */
  async ring(): Promise<RunEvent[]> {
    this.now = Math.max(this.now, nextTimerAt(this.state) ?? this.now);
    return await this.send({ type: "TimersDue" });
  }

  /** Memory is lost; what was stored comes back, and what was under way is begun again. */
  crash(): void {
    this.state = replay(this.journal);
    this.open = pendingEffects(this.state);
  }
}
