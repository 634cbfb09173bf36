import { isJsonObject, type Json } from "../../kernel/json.ts";
import { isTooDeep, MAX_JSON_DEPTH } from "../expression/json-depth.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { MAX_SECONDS } from "./fields.ts";
import { Findings } from "./findings.ts";
import { checkGraph, type GraphNode } from "./graph.ts";
import { escapeToken, readJson } from "./json-text.ts";
import type { Machine, MachineType, State, StateScope } from "./machine.ts";
import type { Reading } from "./reading.ts";
import { Section } from "./section.ts";
import { readState } from "./states.ts";
import { checkVariables } from "./variables.ts";

// From a definition to a machine that can run, or to everything that is wrong with it.
//   D1  a machine is answered exactly when no diagnostic is an ERROR.
//   D2  any input ends in an answer: size and depth are bounded before anything recurses, work is linear in the text.

export interface ParseOptions {
  readonly type?: MachineType;
}

/** `machine` is null exactly when a diagnostic is an ERROR. */
export interface ParseResult {
  readonly machine: Machine | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** The same for one state. */
export interface StateParseResult {
  readonly state: State | null;
  readonly diagnostics: readonly Diagnostic[];
}

const MAX_STATE_NAME_LENGTH = 80;

export function parseDefinition(source: string | Json, options: ParseOptions = {}): ParseResult {
  const findings = new Findings();
  const section = readDocument(source, findings);
  const machine = section === null ? null : readMachine(section, options.type ?? "STANDARD");
  if (machine !== null && !findings.hasErrors) checkVariables(machine, findings);
  return { machine: findings.hasErrors ? null : machine, diagnostics: findings.diagnostics };
}

/** One state by itself, as TestState takes it: its targets need not exist. */
export function parseState(source: string | Json, name = "StateName", options: ParseOptions = {}): StateParseResult {
  const findings = new Findings();
  const section = readDocument(source, findings, `/States/${escapeToken(name)}`);
  if (section === null) return { state: null, diagnostics: findings.diagnostics };
  const reading: Reading = {
    findings,
    type: options.type ?? "STANDARD",
    machineLanguage: "JSONPath",
    names: new Set([name]),
    readScope,
  };
  const read = readState(name, section, reading);
  return { state: findings.hasErrors ? null : (read?.state ?? null), diagnostics: findings.diagnostics };
}

function readDocument(source: string | Json, findings: Findings, location = ""): Section | null {
  const reading = readJson(typeof source === "string" ? source : textOf(source));
  if (reading.value === undefined) {
    findings.error(reading.location, reading.problem, "INVALID_JSON_DESCRIPTION");
    return null;
  }
  if (isJsonObject(reading.value)) return new Section(reading.value, location, findings);
  findings.error(location, "Expected value of type Object");
  return null;
}

/** Text that is too deep stands in for a value that is too deep to be written as text. */
function textOf(source: Json): string {
  return isTooDeep(source) ? "[".repeat(MAX_JSON_DEPTH) + "]".repeat(MAX_JSON_DEPTH) : JSON.stringify(source);
}

function readMachine(section: Section, type: MachineType): Machine {
  const { findings } = section;
  section.choice("Version", ["1.0"]);
  const queryLanguage = section.choice("QueryLanguage", ["JSONPath", "JSONata"]) ?? "JSONPath";
  const machine = {
    comment: section.text("Comment"),
    queryLanguage,
    timeoutSeconds: section.integer("TimeoutSeconds", 1, MAX_SECONDS),
  };
  const reading: Reading = { findings, type, machineLanguage: queryLanguage, names: new Set(), readScope };
  return { ...machine, ...readScope(section, reading) };
}

/** The machine itself, a branch, or a processor: whatever else it may hold has been read before. */
function readScope(section: Section, reading: Reading): StateScope {
  const { findings } = reading;
  section.require("States", "StartAt");
  section.text("Comment");
  const startAt = section.text("StartAt");
  const sources = section.section("States");
  const states = new Map<string, State>();
  const nodes = new Map<string, GraphNode>();
  const names = sources?.names() ?? [];
  if (sources !== null && names.length === 0) section.error("States", "Value cannot be empty");
  for (const name of names) {
    if (sources === null) break;
    checkName(name, sources.at(name), reading);
    const source = sources.object(name);
    const read = source === null ? null : readState(name, new Section(source, sources.at(name), findings), reading);
    nodes.set(name, read?.node ?? { transitions: [], isTerminal: true });
    if (read !== null) states.set(name, read.state);
  }
  section.refuseOthers();
  checkGraph(startAt, nodes, section.location, findings);
  return { startAt: startAt ?? "", states };
}

function checkName(name: string, location: string, { findings, names }: Reading): void {
  if (name.length > MAX_STATE_NAME_LENGTH) {
    findings.error(location, `A state name cannot exceed ${MAX_STATE_NAME_LENGTH} characters`);
  }
  if (name === "") findings.error(location, "A state name cannot be empty");
  if (names.has(name)) findings.error(location, `Duplicate state name: ${name}`, "DUPLICATE_STATE_NAME");
  names.add(name);
}
