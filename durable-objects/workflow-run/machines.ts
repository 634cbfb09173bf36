import type { Machine, MachineType } from "../../domain/workflows/definition/machine.ts";
import { parseDefinition } from "../../domain/workflows/definition/parse.ts";

// Runs of one definition share an isolate; parsing once for all of them takes it off every start.
const KEPT = 64;
const machines = new Map<string, Machine>();

/** The machine of a definition that was accepted when its version was made. */
export function machineOf(definition: string, type: MachineType): Machine {
  const key = `${type}\n${definition}`;
  const known = machines.get(key);
  if (known !== undefined) return known;
  const { machine } = parseDefinition(definition, { type });
  if (machine === null) throw new Error("A stored definition is not valid");
  const [oldest] = machines.keys();
  if (machines.size >= KEPT && oldest !== undefined) machines.delete(oldest);
  machines.set(key, machine);
  return machine;
}
