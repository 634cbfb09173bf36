import { readFileSync } from "node:fs";
import path from "node:path";
import type { Json } from "../../../domain/kernel/json.ts";
import { parseDefinition } from "../../../domain/workflows/definition/parse.ts";
import type { RunCommand } from "../../../domain/workflows/run/command.ts";
import { decide } from "../../../domain/workflows/run/decide.ts";
import { type Effect, nextTimerAt } from "../../../domain/workflows/run/effects.ts";
import type { RunEvent } from "../../../domain/workflows/run/event.ts";
import { initialState, isEnded, type RunState } from "../../../domain/workflows/run/state.ts";

export interface TaskCall {
  state: string;
  resource: string;
  input: Json;
}

/** The outside of a rehearsed run: what a task answers, or with which error it fails; `never` leaves it open. */
export type Outside = (call: TaskCall) => { output: Json } | { error: string; cause?: string } | "never";

export interface Rehearsed {
  state: RunState;
  events: RunEvent[];
  calls: TaskCall[];
}

export const WORKFLOWS = path.join(import.meta.dirname, "../../../examples/workflows");
const EPOCH = Date.UTC(2026, 0, 5, 9);

/** Plays a sample workflow to its end in the engine itself: time jumps to the next timer, tasks answer at once. */
export async function rehearse(workflow: string, input: Json, outside: Outside): Promise<Rehearsed> {
  const { machine } = parseDefinition(definitionOf(workflow));
  if (machine === null) throw new Error(`${workflow} is not valid`);
  let now = EPOCH;
  const chance = { now: () => new Date(now), random: () => 0.5, uuid: () => "00000000-0000-4000-8000-000000000000" };
  let state = initialState();
  const events: RunEvent[] = [];
  const calls: TaskCall[] = [];
  const commands: RunCommand[] = [
    {
      type: "StartRun",
      input,
      runId: "run_00000000000000000000000000",
      name: "rehearsal",
      roleArn: "",
      stateMachine: { id: "wf_00000000000000000000000000", name: workflow },
      machineType: "STANDARD",
    },
  ];
  for (;;) {
    const command = commands.shift();
    if (command === undefined) {
      const timer = nextTimerAt(state);
      if (isEnded(state) || timer === null) return { state, events, calls };
      now = timer;
      commands.push({ type: "TimersDue" });
      continue;
    }
    const decision = await decide(machine, state, command, chance);
    state = decision.state;
    events.push(...decision.events);
    for (const effect of decision.effects) commands.push(...answerOf(effect, calls, outside));
  }
}

export function definitionOf(workflow: string): string {
  return readFileSync(path.join(WORKFLOWS, `${workflow}.asl.json`), "utf8");
}

function answerOf(effect: Effect, calls: TaskCall[], outside: Outside): RunCommand[] {
  if (effect.kind !== "task") return [];
  const call = { state: effect.state, resource: effect.resource, input: effect.input };
  calls.push(call);
  const answer = outside(call);
  if (answer === "never") return [];
  if ("output" in answer && effect.reviewId !== undefined) {
    const decision = answer.output as { decision: "approve" | "reject"; output?: Json; comment?: string };
    return [{ type: "DecideReview", reviewId: effect.reviewId, decidedBy: "usr_1", ...decision }];
  }
  return [
    { type: "output" in answer ? "TaskSucceeded" : "TaskFailed", task: { key: effect.key }, ...answer } as RunCommand,
  ];
}
