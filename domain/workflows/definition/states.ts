import { readChoices } from "./choices.ts";
import {
  MAX_SECONDS,
  readAssign,
  readNumberField,
  readObjectTemplate,
  readPathField,
  readResultPath,
  readTemplate,
  readTextField,
} from "./fields.ts";
import type { GraphNode, Transition } from "./graph.ts";
import { readCatch, readRetry } from "./handlers.ts";
import type {
  ChoiceState,
  FailState,
  ParallelState,
  PassState,
  QueryLanguage,
  State,
  SucceedState,
  TaskState,
  WaitState,
} from "./machine.ts";
import { readMap } from "./map.ts";
import type { Reading } from "./reading.ts";
import type { Section } from "./section.ts";
import { readTaskResource } from "./task-resource.ts";

const TYPES = ["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"] as const;

export interface StateReading {
  readonly state: State;
  readonly node: GraphNode;
}

/** Fields every type of state reads first. */
interface Head {
  readonly name: string;
  readonly comment: string | null;
  readonly queryLanguage: QueryLanguage;
}

/** Reads one state with everything inside it; null where its Type is not known. */
export function readState(name: string, section: Section, reading: Reading): StateReading | null {
  section.require("Type");
  const type = section.choice("Type", TYPES);
  const head: Head = { name, comment: section.text("Comment"), queryLanguage: readLanguage(section, reading) };
  if (type === null) return null;
  const transitions: Transition[] = [];
  const state = readByType(type, head, section, reading, transitions);
  section.refuseOthers((field) => elsewhere(field, head.queryLanguage));
  const isTerminal = type === "Succeed" || type === "Fail" || ("next" in state && state.next === null);
  return { state, node: { transitions, isTerminal } };
}

function readByType(
  type: (typeof TYPES)[number],
  head: Head,
  section: Section,
  reading: Reading,
  transitions: Transition[],
): State {
  switch (type) {
    case "Pass":
      return readPass(head, section, transitions);
    case "Task":
      return readTask(head, section, reading, transitions);
    case "Choice":
      return readChoice(head, section, transitions);
    case "Wait":
      return readWait(head, section, transitions);
    case "Succeed":
      return readSucceed(head, section);
    case "Fail":
      return readFail(head, section);
    case "Parallel":
      return readParallel(head, section, reading, transitions);
    case "Map":
      return { ...head, ...readWork(head, section, transitions), ...readMap(section, head.queryLanguage, reading) };
  }
}

function readLanguage(section: Section, { machineLanguage, findings }: Reading): QueryLanguage {
  const language = section.choice("QueryLanguage", ["JSONPath", "JSONata"]) ?? machineLanguage;
  if (language === "JSONPath" && machineLanguage === "JSONata") {
    findings.error(
      section.location,
      "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
    );
  }
  return language;
}

const JSONPATH_ONLY = [
  "InputPath",
  "OutputPath",
  "ResultPath",
  "Parameters",
  "ResultSelector",
  "Result",
  "ItemsPath",
  "SecondsPath",
  "TimestampPath",
  "TimeoutSecondsPath",
  "HeartbeatSecondsPath",
  "MaxConcurrencyPath",
  "ToleratedFailureCountPath",
  "ToleratedFailurePercentagePath",
  "ErrorPath",
  "CausePath",
];
const JSONATA_ONLY = ["Arguments", "Output", "Items"];

/** Why a field that exists in the language is not one of this state. */
function elsewhere(field: string, language: QueryLanguage): string | null {
  const wrong = language === "JSONata" ? JSONPATH_ONLY : JSONATA_ONLY;
  return wrong.includes(field) ? `The field '${field}' is not supported when the QueryLanguage is '${language}'` : null;
}

/** Next xor `End: true`. */
function readNext(section: Section, transitions: Transition[]): string | null {
  const next = section.text("Next");
  const end = section.value("End");
  if (end !== undefined && end !== true) section.error("End", "The field 'End' must be true where it is given");
  if (section.has("Next") && section.has("End")) {
    section.findings.error(section.location, "Only one of these fields is allowed: [Next, End]");
  }
  if (!section.has("Next") && !section.has("End")) {
    section.findings.error(section.location, "One of these fields is required: [Next, End]");
  }
  if (next !== null) transitions.push({ to: next, field: "Next", location: section.at("Next") });
  return section.has("End") ? null : next;
}

function readPaths(head: Head, section: Section) {
  if (head.queryLanguage === "JSONata") return { inputPath: null, outputPath: null };
  return { inputPath: readPathField(section, "InputPath"), outputPath: readPathField(section, "OutputPath") };
}

function readOutput(head: Head, section: Section) {
  return head.queryLanguage === "JSONata" ? readTemplate(section, "Output", "JSONata") : null;
}

function readOutcome(head: Head, section: Section) {
  return { assign: readAssign(section, head.queryLanguage), output: readOutput(head, section) };
}

function readPlacement(head: Head, section: Section) {
  return head.queryLanguage === "JSONPath" ? readResultPath(section) : null;
}

/** What Task, Parallel and Map share. */
function readWork(head: Head, section: Section, transitions: Transition[]) {
  const { queryLanguage } = head;
  return {
    next: readNext(section, transitions),
    ...readPaths(head, section),
    ...readOutcome(head, section),
    resultPath: readPlacement(head, section),
    resultSelector: queryLanguage === "JSONPath" ? readObjectTemplate(section, "ResultSelector", queryLanguage) : null,
    retry: readRetry(section),
    catch: readCatch(section, queryLanguage, transitions),
  };
}

/** Parameters or Arguments, whichever the language has. */
function readArguments(head: Head, section: Section) {
  return readTemplate(section, head.queryLanguage === "JSONPath" ? "Parameters" : "Arguments", head.queryLanguage);
}

function readPass(head: Head, section: Section, transitions: Transition[]): PassState {
  const isJsonPath = head.queryLanguage === "JSONPath";
  const result = isJsonPath ? section.value("Result") : undefined;
  return {
    ...head,
    type: "Pass",
    next: readNext(section, transitions),
    ...readPaths(head, section),
    ...readOutcome(head, section),
    resultPath: readPlacement(head, section),
    result: result === undefined ? null : { value: result },
    parameters: isJsonPath ? readTemplate(section, "Parameters", "JSONPath") : null,
  };
}

function readTask(head: Head, section: Section, reading: Reading, transitions: Transition[]): TaskState {
  const { queryLanguage } = head;
  section.require("Resource");
  const timeoutSeconds = readNumberField(section, "TimeoutSeconds", queryLanguage, 1, MAX_SECONDS);
  const heartbeatSeconds = readNumberField(section, "HeartbeatSeconds", queryLanguage, 1, MAX_SECONDS);
  if (
    timeoutSeconds?.kind === "literal" &&
    heartbeatSeconds?.kind === "literal" &&
    heartbeatSeconds.value >= timeoutSeconds.value
  ) {
    section.error("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds");
  }
  return {
    ...head,
    type: "Task",
    ...readWork(head, section, transitions),
    resource: readTaskResource(section, reading.type),
    arguments: readArguments(head, section),
    credentials: readCredentials(head, section),
    timeoutSeconds,
    heartbeatSeconds,
  };
}

function readCredentials(head: Head, section: Section) {
  const credentials = typeof section.value("Credentials") === "string" ? null : section.section("Credentials");
  if (credentials !== null && !(head.queryLanguage === "JSONPath" && credentials.has("RoleArn.$"))) {
    credentials.require("RoleArn");
  }
  return readObjectTemplate(section, "Credentials", head.queryLanguage);
}

function readChoice(head: Head, section: Section, transitions: Transition[]): ChoiceState {
  const fallback = section.text("Default");
  if (fallback !== null) transitions.push({ to: fallback, field: "Default", location: section.at("Default") });
  return {
    ...head,
    type: "Choice",
    ...readPaths(head, section),
    ...readOutcome(head, section),
    choices: readChoices(section, head.queryLanguage, transitions),
    default: fallback,
  };
}

function readWait(head: Head, section: Section, transitions: Transition[]): WaitState {
  const { queryLanguage } = head;
  const ways =
    queryLanguage === "JSONPath" ? ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"] : ["Seconds", "Timestamp"];
  const given = ways.filter((field) => section.has(field));
  if (given.length !== 1) {
    section.findings.error(section.location, `Exactly one of these fields is required: [${ways.join(", ")}]`);
  }
  return {
    ...head,
    type: "Wait",
    next: readNext(section, transitions),
    ...readPaths(head, section),
    ...readOutcome(head, section),
    seconds: readNumberField(section, "Seconds", queryLanguage, 0, MAX_SECONDS),
    timestamp: readTextField(section, "Timestamp", queryLanguage),
  };
}

function readSucceed(head: Head, section: Section): SucceedState {
  return { ...head, type: "Succeed", ...readPaths(head, section), output: readOutput(head, section) };
}

function readFail(head: Head, section: Section): FailState {
  return {
    ...head,
    type: "Fail",
    error: readTextField(section, "Error", head.queryLanguage),
    cause: readTextField(section, "Cause", head.queryLanguage),
  };
}

function readParallel(head: Head, section: Section, reading: Reading, transitions: Transition[]): ParallelState {
  section.require("Branches");
  return {
    ...head,
    type: "Parallel",
    ...readWork(head, section, transitions),
    arguments: readArguments(head, section),
    branches: section.sections("Branches").map((branch) => reading.readScope(branch, reading)),
  };
}
