import { isJsonObject } from "../../kernel/json.ts";
import type { Template } from "../expression/template.ts";
import type { Findings } from "./findings.ts";
import { escapeToken } from "./json-text.ts";
import type { State, StateScope } from "./machine.ts";

/** One Assign of a state, with the place it stands in. */
interface Assignment {
  readonly template: Template;
  readonly location: string;
}

/** The names a scope assigns, and those of the scopes around it: a chain, since copying it for each branch would be quadratic. */
interface VisibleNames {
  readonly names: Set<string>;
  readonly outer: VisibleNames | null;
}

/**
 * ASL "Variables": an inner scope may read the variables around it, but not assign a name that is assigned outside; which of the
 * two a later state meant could not be told. Children of a Distributed Map see nothing of the outside, so they start afresh.
 */
export function checkVariables(
  scope: StateScope,
  findings: Findings,
  location = "",
  outer: VisibleNames | null = null,
): void {
  const own: VisibleNames = { names: new Set(), outer };
  for (const [name, state] of scope.states) {
    for (const { template, location: place } of assignments(state, stateLocation(location, name))) {
      for (const variable of assignedNames(template)) {
        if (isVisible(variable, outer)) {
          findings.error(place, `The variable '${variable}' is already assigned in an outer scope`);
        }
        own.names.add(variable);
      }
    }
  }
  for (const [name, state] of scope.states) checkInside(state, findings, stateLocation(location, name), own);
}

function isVisible(name: string, scope: VisibleNames | null): boolean {
  for (let at = scope; at !== null; at = at.outer) if (at.names.has(name)) return true;
  return false;
}

function checkInside(state: State, findings: Findings, location: string, outer: VisibleNames): void {
  if (state.type === "Parallel") {
    for (const [i, branch] of state.branches.entries()) {
      checkVariables(branch, findings, `${location}/Branches/${i}`, outer);
    }
  }
  if (state.type === "Map") {
    const { itemProcessor } = state;
    const seen = itemProcessor.mode === "INLINE" ? outer : null;
    checkVariables(itemProcessor, findings, `${location}/ItemProcessor`, seen);
  }
}

function stateLocation(scope: string, name: string): string {
  return `${scope}/States/${escapeToken(name)}`;
}

function assignments(state: State, location: string): Assignment[] {
  const found: Assignment[] = [];
  const add = (template: Template | null, place: string) => {
    if (template !== null) found.push({ template, location: place });
  };
  if ("assign" in state) add(state.assign, `${location}/Assign`);
  if ("catch" in state) {
    for (const [i, { assign }] of state.catch.entries()) add(assign, `${location}/Catch/${i}/Assign`);
  }
  if (state.type === "Choice") {
    for (const [i, { assign }] of state.choices.entries()) add(assign, `${location}/Choices/${i}/Assign`);
  }
  return found;
}

function assignedNames({ language, source }: Template): string[] {
  const keys = isJsonObject(source) ? Object.keys(source) : [];
  return language === "JSONPath" ? keys.map((key) => (key.endsWith(".$") ? key.slice(0, -2) : key)) : keys;
}
