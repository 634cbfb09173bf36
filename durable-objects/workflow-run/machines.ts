import { putLast } from "../../domain/kernel/bounded-map.ts";
import type { Machine, MachineType } from "../../domain/workflows/definition/machine.ts";
import { parseDefinition } from "../../domain/workflows/definition/parse.ts";
import { childMachine } from "../../domain/workflows/run/child-run.ts";
import type { Origin } from "./journal.ts";

// Runs of one definition share an isolate; parsing once for all of them takes it off every start.
const KEPT = 64;
const machines = new Map<string, Machine>();

/** As machineOf(), once it is needed. */
export function lazyMachine(origin: Origin): () => Machine {
  let machine: Machine | null = null;
  return () => (machine ??= machineOf(origin));
}

/** The machine of a definition that was accepted when its version was made, or of the children of one of its Map states. */
function machineOf({ definition, type, mapState }: Origin): Machine {
  const key = `${type}\n${mapState ?? ""}\n${definition}`;
  const known = machines.get(key);
  if (known !== undefined) return known;
  const machine = mapState === undefined ? wholeMachine(definition, type) : innerMachine(definition, mapState);
  putLast(machines, key, machine, KEPT);
  return machine;
}

function wholeMachine(definition: string, type: MachineType): Machine {
  const { machine } = parseDefinition(definition, { type });
  if (machine === null) throw new Error("A stored definition is not valid");
  return machine;
}

/** Only a STANDARD machine has a distributed Map; its children may be of either type. */
function innerMachine(definition: string, mapState: string): Machine {
  const machine = childMachine(wholeMachine(definition, "STANDARD"), mapState);
  if (machine === null) throw new Error("A stored definition has no such Map");
  return machine;
}
