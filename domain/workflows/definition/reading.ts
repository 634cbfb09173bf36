import type { Findings } from "./findings.ts";
import type { MachineType, QueryLanguage, StateScope } from "./machine.ts";
import type { Section } from "./section.ts";

/** What the reading of one state must know about the rest of the definition. */
export interface Reading {
  readonly findings: Findings;
  /** Of the execution the state will belong to: children of a Distributed Map have a type of their own. */
  readonly type: MachineType;
  readonly machineLanguage: QueryLanguage;
  /** Every name so far: they are unique in the whole machine, nested scopes included. */
  readonly names: Set<string>;
  /** Reads the `StartAt` and `States` of a nested scope. */
  readonly readScope: (section: Section, reading: Reading) => StateScope;
}
