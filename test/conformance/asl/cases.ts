import { readFileSync } from "node:fs";
import type { Json, JsonObject } from "../../../domain/kernel/json.ts";
import type { MachineType } from "../../../domain/workflows/definition/machine.ts";

/** README.md says what the members mean. */
export interface Case {
  readonly id: string;
  readonly category: string;
  readonly kind: "execution" | "state" | "invalid" | "valid" | "validate";
  readonly definition?: JsonObject;
  readonly definitionText?: string;
  readonly input?: Json;
  readonly inputText?: string;
  readonly type?: MachineType;
  readonly needs: string;
  readonly tasks?: readonly RecordedTask[];
  readonly lambdaHandlers?: Readonly<Record<string, string>>;
  readonly s3?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly mock?: JsonObject;
  readonly variables?: string | JsonObject;
  readonly context?: string | JsonObject;
  readonly stateName?: string;
  readonly stateConfiguration?: JsonObject;
  readonly inspectionLevel?: "INFO" | "DEBUG" | "TRACE";
  readonly expect: Expectation;
}

export interface RecordedTask {
  readonly state: string;
  readonly resource: string;
  readonly parameters?: Json;
  readonly input?: Json;
  readonly output?: Json;
  readonly error?: string | null;
  readonly cause?: string | null;
  readonly timeout?: boolean;
  readonly pending?: boolean;
}

export interface Expectation {
  readonly result?: string;
  readonly status?: string;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  readonly causePattern?: string;
  readonly causeJson?: Json;
  readonly ignore?: readonly string[];
  readonly states?: readonly RecordedState[];
  readonly ordered?: boolean;
  readonly historyTypes?: readonly string[];
  readonly nextState?: string;
  readonly inspectionData?: JsonObject;
}

export interface RecordedState {
  readonly enter?: string;
  readonly input?: Json;
  readonly exit?: string;
  readonly output?: Json;
  readonly assigned?: JsonObject;
}

/** ASL_CASES names another corpus of the same form. */
export function loadCases(): Case[] {
  const path = process.env.ASL_CASES ?? new URL("./cases.json", import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { cases: Case[] }).cases;
}
