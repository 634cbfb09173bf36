import type { Json } from "../../kernel/json.ts";
import { isText, MAX_SECONDS, readAssign, readResultPath, readTemplate } from "./fields.ts";
import type { Transition } from "./graph.ts";
import type { Catcher, QueryLanguage, Retrier } from "./machine.ts";
import type { Section } from "./section.ts";

/** ASL: MaxDelaySeconds must be below this. */
const MAX_DELAY_LIMIT = 31_622_400;

/** ASL "Errors": the retriers of a state, with the defaults filled in. */
export function readRetry(section: Section): Retrier[] {
  if (!section.has("Retry")) return [];
  const list = section.list("Retry");
  if (list === null || list.length === 0) return [];
  const retriers = section.sections("Retry");
  return retriers.map((retrier, i) => readRetrier(retrier, i === retriers.length - 1));
}

function readRetrier(section: Section, isLast: boolean): Retrier {
  section.value("Comment");
  const intervalSeconds = section.integer("IntervalSeconds", 1, MAX_SECONDS) ?? 1;
  const maxDelaySeconds = section.integer("MaxDelaySeconds", 1, MAX_DELAY_LIMIT - 1);
  if (maxDelaySeconds !== null && maxDelaySeconds <= intervalSeconds) {
    section.error("MaxDelaySeconds", "MaxDelaySeconds must be greater than IntervalSeconds");
  }
  const retrier: Retrier = {
    errorEquals: readErrorEquals(section, isLast),
    intervalSeconds,
    maxAttempts: section.integer("MaxAttempts", 0, MAX_SECONDS) ?? 3,
    backoffRate: section.number("BackoffRate", 1, Number.MAX_VALUE) ?? 2,
    maxDelaySeconds,
    jitterStrategy: section.choice("JitterStrategy", ["FULL", "NONE"]) ?? "NONE",
  };
  section.refuseOthers();
  return retrier;
}

export function readCatch(section: Section, language: QueryLanguage, transitions: Transition[]): Catcher[] {
  if (!section.has("Catch")) return [];
  const list = section.list("Catch");
  if (list === null || list.length === 0) return [];
  const catchers = section.sections("Catch");
  return catchers.map((catcher, i) => readCatcher(catcher, language, i === catchers.length - 1, transitions));
}

function readCatcher(section: Section, language: QueryLanguage, isLast: boolean, transitions: Transition[]): Catcher {
  section.value("Comment");
  section.require("Next");
  const next = section.text("Next");
  if (next !== null) transitions.push({ to: next, field: "Next", location: section.at("Next") });
  const catcher: Catcher = {
    errorEquals: readErrorEquals(section, isLast),
    next: next ?? "",
    resultPath: language === "JSONPath" ? readResultPath(section) : null,
    assign: readAssign(section, language),
    output: language === "JSONata" ? readTemplate(section, "Output", language) : null,
  };
  section.refuseOthers();
  return catcher;
}

/** ASL: States.ALL stands alone, in the last one of the list. */
function readErrorEquals(section: Section, isLast: boolean): string[] {
  section.require("ErrorEquals");
  const list = section.list("ErrorEquals");
  if (list === null) return [];
  if (list.length === 0) section.error("ErrorEquals", "Value cannot be empty");
  const names: string[] = [];
  for (const [i, name] of list.entries()) {
    if (isText(name)) names.push(name);
    else section.findings.error(`${section.at("ErrorEquals")}/${i}`, "Expected value of type String");
  }
  if (includesAll(list) && (list.length > 1 || !isLast)) {
    section.error("ErrorEquals", "States.ALL must appear alone, and in the last element of the list");
  }
  return names;
}

function includesAll(list: readonly Json[]): boolean {
  return list.includes("States.ALL");
}
