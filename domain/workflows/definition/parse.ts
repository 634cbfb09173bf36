import type { Json } from "../../kernel/json.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Machine, MachineType } from "./machine.ts";

export interface ParseOptions {
  readonly type?: MachineType;
}

/** `machine` is null exactly when a diagnostic is an ERROR. */
export interface ParseResult {
  readonly machine: Machine | null;
  readonly diagnostics: readonly Diagnostic[];
}

export declare function parseDefinition(source: string | Json, options?: ParseOptions): ParseResult;
