import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../../domain/kernel/json.ts";
import type { RunCommand } from "../../../../domain/workflows/run/command.ts";
import { nextTimerAt, pendingEffects } from "../../../../domain/workflows/run/effects.ts";
import { charactersOf } from "../../../../domain/workflows/run/payload.ts";
import { checkpoints } from "../../../../domain/workflows/run/projection.ts";
import { replay, rewindState } from "../../../../domain/workflows/run/replay.ts";
import { isEnded, type RunState, visitOf } from "../../../../domain/workflows/run/state.ts";
import { definitions, fates, INPUT } from "./generated.ts";
import { World } from "./world.ts";

// fast-check prints the seed of a failure; RUN_SEED repeats it.
const seed = Number(process.env.RUN_SEED ?? Date.now() % 1_000_000_000);
// RUN_LAWS=20 looks twenty times as long.
const effort = Number(process.env.RUN_LAWS ?? 1);
const settings: fc.Parameters<[Json, number[]]> = { seed, numRuns: 150 * effort };

/** Outcomes of tasks, timers and interruptions, drawn from numbers; ends the run in the end. */
class Fate {
  readonly world: World;
  readonly accepted: RunCommand[] = [];
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(world: World, numbers: readonly number[]) {
    this.world = world;
    this.#numbers = numbers;
  }

  draw(below: number): number {
    const number = this.#numbers[this.#at++ % this.#numbers.length] ?? 0;
    return (number + this.#at) % below;
  }

  /** One step of the outside. False when there is nothing left that could happen. */
  async step(): Promise<boolean> {
    const { world } = this;
    const open = world.open;
    const choice = this.draw(10);
    if (world.state.status === "paused" && (choice < 3 || (open.length === 0 && nextTimerAt(world.state) === null))) {
      await world.send({ type: "Resume" });
      return true;
    }
    if (choice === 9 && world.state.status === "running") {
      await world.send({ type: "Pause" });
      return true;
    }
    const hasTimer = nextTimerAt(world.state) !== null;
    if (open.length === 0 || (hasTimer && choice < 2)) {
      if (!hasTimer) return false;
      await world.ring();
      return true;
    }
    await this.#answer(this.draw(open.length));
    return true;
  }

  async #answer(index: number): Promise<void> {
    const [effect] = this.world.open.splice(index, 1);
    if (effect === undefined) return;
    if (effect.kind === "continue") {
      await this.world.send({ type: "Continue" });
      return;
    }
    if (effect.kind !== "task") throw new Error(`unexpected ${effect.kind}`);
    const task = { key: effect.key };
    const outcome = this.draw(8);
    const command: RunCommand =
      outcome < 5
        ? { type: "TaskSucceeded", task, output: { by: effect.key } }
        : { type: "TaskFailed", task, error: outcome < 7 ? "Flaky" : "Broken", cause: "as drawn" };
    await this.world.send(command);
    if (this.world.refused === null) this.accepted.push(command);
  }

  async toTheEnd(between: () => Promise<void> = async () => {}): Promise<void> {
    for (let steps = 0; steps < 2_000 && !isEnded(this.world.state); steps++) {
      const happened = await this.step();
      if (!happened) throw new Error(`stuck: ${JSON.stringify(this.world.state)}`);
      await between();
    }
    expect(isEnded(this.world.state)).toBe(true);
  }
}

function plain(state: RunState): unknown {
  return JSON.parse(JSON.stringify(state));
}

async function began(definition: Json, numbers: number[], maxStates?: number): Promise<Fate> {
  const world = new World(definition, maxStates === undefined ? {} : { maxStates });
  await world.start(INPUT);
  return new Fate(world, numbers);
}

describe(`laws of a run (seed ${seed})`, { timeout: 60_000 * effort }, () => {
  it("replaying the journal rebuilds the live state after every decision", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fates, async (definition, numbers) => {
        const fate = await began(definition, numbers);
        await fate.toTheEnd(async () => {
          expect(plain(replay(fate.world.journal))).toEqual(plain(fate.world.state));
        });
      }),
      { ...settings, numRuns: 60 * effort },
    );
  });

  it("counts of what is held what is there, in every scope, and nothing that is gone", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fates, async (definition, numbers) => {
        const fate = await began(definition, numbers);
        await fate.toTheEnd(async () => {
          const { held, scopes } = fate.world.state;
          let sum = 0;
          for (const scope of Object.values(scopes)) {
            const { phase } = scope;
            const value = "input" in phase ? phase.input : phase.at === "ended" ? phase.output : visitOf(phase)?.input;
            expect(scope.held.value).toBe(charactersOf(value));
            const variables = Object.values(scope.variables).map(charactersOf);
            expect(scope.held.variables).toBe(variables.reduce((total, characters) => total + characters, 0));
            expect(scope.held.work).toBeGreaterThanOrEqual(0);
            if (phase.at === "next" || phase.at === "entered" || phase.at === "ended") expect(scope.held.work).toBe(0);
            sum += scope.held.value + scope.held.work + scope.held.variables;
          }
          expect(held).toBe(sum);
        });
      }),
      { ...settings, numRuns: 60 * effort },
    );
  });

  it("a snapshot and the events after it give the same state as the whole journal", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fates, async (definition, numbers) => {
        const fate = await began(definition, numbers);
        const snapshots: string[] = [];
        await fate.toTheEnd(async () => void snapshots.push(JSON.stringify(fate.world.state)));
        const whole = plain(replay(fate.world.journal));
        for (const text of snapshots) {
          const snapshot = JSON.parse(text) as RunState;
          const rest = fate.world.journal.slice(snapshot.seq);
          expect(plain(replay(rest, snapshot))).toEqual(whole);
        }
      }),
      { ...settings, numRuns: 60 * effort },
    );
  });

  it("events are numbered without gaps, and the run ends exactly once", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fates, async (definition, numbers) => {
        const fate = await began(definition, numbers);
        await fate.toTheEnd();
        const { journal } = fate.world;
        expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, i) => i + 1));
        const ends = journal.filter(({ type }) => /^Execution(Succeeded|Failed|TimedOut|Aborted)$/.test(type));
        expect(ends).toEqual([journal.at(-1)]);
        expect(pendingEffects(fate.world.state)).toEqual([]);
        expect(nextTimerAt(fate.world.state)).toBeNull();
      }),
      settings,
    );
  });

  it("an answer given twice changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fates, async (definition, numbers) => {
        const fate = await began(definition, numbers);
        await fate.toTheEnd(async () => {
          const before = plain(fate.world.state);
          for (const command of fate.accepted) {
            await fate.world.send(command);
            expect(fate.world.refused).not.toBeNull();
          }
          expect(plain(fate.world.state)).toEqual(before);
        });
      }),
      { ...settings, numRuns: 40 * effort },
    );
  });

  it("a crash between any two steps loses nothing and applies nothing twice", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fates, async (definition, numbers) => {
        const fate = await began(definition, numbers);
        let steps = 0;
        await fate.toTheEnd(async () => {
          if ((numbers[steps++ % numbers.length] ?? 0) > 500) fate.world.crash();
        });
        const settled = fate.world.journal.flatMap((event) =>
          /^Task(Succeeded|Failed|TimedOut)$/.test(event.type) && "task" in event ? [event.task] : [],
        );
        expect(new Set(settled).size).toBe(settled.length);
        const entered = fate.world.types.filter((type) => type.endsWith("StateEntered")).length;
        expect(fate.world.state.entered).toBe(entered);
      }),
      settings,
    );
  });

  it("a small step budget leads to the same end by more decisions", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, async (definition) => {
        const ends = [];
        for (const maxStates of [1, 3, 5_000]) {
          const world = new World(definition, { maxStates });
          await world.start(INPUT);
          for (let steps = 0; steps < 3_000 && !isEnded(world.state); steps++) {
            const effect = world.open.shift();
            if (effect === undefined) await world.ring();
            else if (effect.kind === "continue") await world.send({ type: "Continue" });
            else if (effect.kind === "task") {
              await world.send({ type: "TaskSucceeded", task: { key: effect.key }, output: 1 });
            }
          }
          ends.push([world.state.status, world.state.output, world.state.entered]);
        }
        expect(ends[0]).toEqual(ends[2]);
        expect(ends[1]).toEqual(ends[2]);
      }),
      { seed, numRuns: 80 * effort },
    );
  });

  it("a run can be rewound to any event and goes on to an end, and its journal still replays", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fates, fc.nat(), async (definition, numbers, draw) => {
        const fate = await began(definition, numbers);
        for (let i = 0; i < numbers.length % 30 && !isEnded(fate.world.state); i++) await fate.step();
        const toSeq = (draw % fate.world.state.seq) + 1;
        const restored = rewindState(fate.world.journal, toSeq);
        if (restored === null || isEnded(restored) || restored.seq === 0) return;
        await fate.world.send({ type: "Rewind", toSeq, restored });
        expect(fate.world.refused).toBeNull();
        expect(plain(replay(fate.world.journal))).toEqual(plain(fate.world.state));
        await fate.toTheEnd();
        expect(plain(replay(fate.world.journal))).toEqual(plain(fate.world.state));
        for (const { seq } of checkpoints(fate.world.journal)) expect(seq).toBeGreaterThan(0);
      }),
      { seed, numRuns: 150 * effort },
    );
  });

  it("a failed run that is redriven goes on to an end", async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fates, async (definition, numbers) => {
        const fate = await began(definition, numbers);
        await fate.toTheEnd();
        if (fate.world.state.status === "succeeded") return;
        await fate.world.send({ type: "Redrive" });
        expect(fate.world.refused).toBeNull();
        await fate.toTheEnd();
        expect(plain(replay(fate.world.journal))).toEqual(plain(fate.world.state));
      }),
      settings,
    );
  });
});
