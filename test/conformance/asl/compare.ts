import { isJsonObject, type Json } from "../../../domain/kernel/json.ts";
import type { RunEvent } from "../../../domain/workflows/run/event.ts";
import type { TestStateAnswer } from "../../../domain/workflows/run/test-state.ts";
import type { Case, Expectation, RecordedState } from "./cases.ts";
import type { Played } from "./played.ts";

/** Every difference between what was recorded and what happened, one line each. */
export function differences({ expect }: Case, { state, events }: Played): string[] {
  const found: string[] = [];
  const say = (what: string, expected: unknown, actual: unknown) =>
    found.push(`${what}: expected ${show(expected)}, got ${show(actual)}`);
  const status = state.status.toUpperCase();
  if (expect.status !== status) say("status", expect.status, `${status} ${show(state.error)} ${show(state.cause)}`);
  if (expect.output !== undefined && !looksLike(expect.output, state.output, "/output", ignored(expect))) {
    say("output", expect.output, state.output);
  }
  if (expect.status !== "SUCCEEDED" && (expect.error ?? null) !== (state.error ?? null)) {
    say("error", expect.error, state.error);
  }
  const cause = causeDifference(expect, state.cause);
  if (cause !== null) found.push(cause);
  if (expect.states !== undefined && expect.states.length > 0) found.push(...stateDifferences(expect, expect.states, events));
  if (expect.historyTypes !== undefined) {
    const types = events.map(({ type }) => type as string).filter((type) => !/^(Run|Review)/.test(type));
    if (!sameOrder(expect.historyTypes, types, expect.ordered === true)) {
      say("history", expect.historyTypes.join(" "), types.join(" "));
    }
  }
  return found;
}

export function testDifferences({ expect }: Case, answer: TestStateAnswer): string[] {
  if (answer.kind !== "tested") return [`tested state: expected a result, got ${show(answer)}`];
  const { result } = answer;
  const ignore = ignored(expect);
  const found = (["status", "output", "error", "nextState", "inspectionData"] as const).flatMap((member) => {
    const [expected, actual] = [expect[member], result[member]];
    if (expected === undefined && (member === "output" || member === "inspectionData" || actual === undefined)) return [];
    if (looksLike(expected ?? null, actual, `/${member}`, ignore)) return [];
    return [`${member}: expected ${show(expected)}, got ${show(actual)}`];
  });
  const cause = result.status === "SUCCEEDED" ? null : causeDifference(expect, result.cause);
  return cause === null ? found : [...found, cause];
}

export function causeDifference(expect: Expectation, cause: string | undefined): string | null {
  if (expect.causeJson !== undefined) {
    return looksLike(expect.causeJson, parsed(cause)) ? null : `cause: expected ${show(expect.causeJson)}, got ${cause}`;
  }
  if (expect.causePattern !== undefined) {
    const isMatch = cause !== undefined && new RegExp(expect.causePattern, "s").test(cause);
    return isMatch ? null : `cause: expected ${expect.causePattern}, got ${cause}`;
  }
  if (expect.status === "SUCCEEDED" || looksLike(expect.cause ?? null, cause ?? null)) return null;
  return `cause: expected ${show(expect.cause)}, got ${show(cause)}`;
}

function parsed(text: string | undefined): Json {
  try {
    return JSON.parse(text ?? "null") as Json;
  } catch {
    return text ?? null;
  }
}

function stateDifferences(expect: Expectation, expected: readonly RecordedState[], events: RunEvent[]): string[] {
  const actual = events.flatMap((event): RecordedState[] => {
    if ("input" in event && "state" in event && event.type.endsWith("StateEntered")) {
      return [{ enter: event.state, input: event.input as Json }];
    }
    if (!("next" in event || event.type.endsWith("StateExited")) || !("output" in event) || !("state" in event)) return [];
    const assigned = "assigned" in event ? event.assigned : undefined;
    return [{ exit: event.state, output: event.output as Json, ...(assigned !== undefined && { assigned }) }];
  });
  const names = (steps: readonly RecordedState[]) => steps.map((step) => stepName(step));
  if (!sameOrder(names(expected), names(actual), expect.ordered === true)) {
    return [`states: expected ${names(expected).join(" ")}, got ${names(actual).join(" ")}`];
  }
  const left = [...actual];
  return expected.flatMap((step, position) => {
    const ignore = new Set([...ignored(expect), ...ignored(expect, `/states/${position}`)]);
    const at = left.findIndex((one) => stepName(one) === stepName(step) && isClaimed(step, one, ignore));
    if (at >= 0) left.splice(at, 1);
    const same = actual.filter((one) => stepName(one) === stepName(step));
    return at >= 0 ? [] : [`state: expected ${show(step)}, got ${show(same)}`];
  });
}

function stepName({ enter, exit }: RecordedState): string {
  return enter === undefined ? `-${exit}` : `+${enter}`;
}

/** A member that was not recorded is no claim. */
function isClaimed(expected: RecordedState, actual: RecordedState, ignore: ReadonlySet<string>): boolean {
  return (["input", "output", "assigned"] as const).every((member) => {
    const claim = expected[member];
    return claim === undefined || looksLike(claim, actual[member] ?? null, "/output", ignore);
  });
}

function ignored(expect: Expectation, _prefix = ""): Set<string> {
  return new Set(expect.ignore ?? []);
}

function sameOrder(expected: readonly string[], actual: readonly string[], isOrdered: boolean): boolean {
  if (isOrdered) return expected.join("\n") === actual.join("\n");
  return [...expected].sort().join("\n") === [...actual].sort().join("\n");
}

const STAND_IN = /<[^<>]*>/;

/** What the corpus writes for a resource that the recording made beforehand, or for its name. */
const MADE_RESOURCE = /^\w+\(\)(\[\w+\])?$|[-_]uid\d{5}/;

/** Equal as JSON; a stand-in in the recording (`<uuid:1>`) matches any text in its place, an ignored place any value. */
export function looksLike(
  expected: Json,
  actual: Json | undefined,
  at = "",
  ignore: ReadonlySet<string> = new Set(),
): boolean {
  if (ignore.has(at)) return actual !== undefined;
  if (typeof expected === "string" && typeof actual === "string") return textLooksLike(expected, actual);
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, i) => looksLike(item, actual[i], `${at}/${i}`, ignore))
    );
  }
  if (!isJsonObject(expected)) return expected === actual;
  if (!isJsonObject(actual)) return false;
  const names = Object.keys(expected);
  return (
    names.length === Object.keys(actual).length &&
    names.every((name) => looksLike(expected[name] as Json, actual[name], `${at}/${name}`, ignore))
  );
}

function textLooksLike(expected: string, actual: string): boolean {
  if (expected === actual) return true;
  if (MADE_RESOURCE.test(actual)) return true;
  if (!STAND_IN.test(expected)) return false;
  const pattern = expected.split(/<[^<>]*>/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`, "s").test(actual);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 600 ? `${text.slice(0, 600)}...` : text;
}
