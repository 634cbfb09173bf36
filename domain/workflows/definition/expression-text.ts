import { expressionProblem, type StatesMember, statesMembers } from "../expression/jsonata-check.ts";
import { isPlainPath } from "../expression/jsonata-path.ts";
import type { Findings } from "./findings.ts";

/** What a string of a JSONata state is. */
export type TextReading =
  | { readonly kind: "literal" }
  | { readonly kind: "expression"; readonly text: string }
  | { readonly kind: "refused" };

/** AWS: "attempting to access" one in another place "will be caught at creation, update, or validation". */
const PLACES: Readonly<Record<StatesMember, string>> = {
  result: "the Output and Assign of a Task, Parallel or Map",
  errorOutput: "the Output and Assign of a Catcher",
};

/**
 * ASL: `{%` must be the first characters and `%}` the last. A text with only one of the two is a slip that would run as
 * literal text, so it is refused; blanks around both make a literal. `outcome` is what `$states` has beside input and context.
 */
export function readExpressionText(
  value: string,
  location: string,
  findings: Findings,
  outcome: StatesMember | null = null,
): TextReading {
  const opens = value.startsWith("{%");
  const closes = value.endsWith("%}") && value.length >= 4;
  if (opens && closes) return readMarked(value, location, findings, outcome);
  if ((opens && !value.includes("%}")) || (value.endsWith("%}") && !value.includes("{%"))) {
    findings.error(location, "A JSONata expression must start with '{%' and end with '%}'");
    return { kind: "refused" };
  }
  return { kind: "literal" };
}

function readMarked(value: string, location: string, findings: Findings, outcome: StatesMember | null): TextReading {
  const inside = value.slice(2, -2);
  if (!/^\s[\s\S]*\s$/.test(inside)) {
    findings.error(
      location,
      "A JSONata expression must be written as '{% <expression> %}', with blanks inside the marks",
    );
    return { kind: "refused" };
  }
  const text = inside.trim();
  const problem = isPlainPath(text) ? null : problemOf(text, findings);
  if (problem !== null) {
    findings.error(location, `The value is not a valid JSONata expression: ${problem}`);
    return { kind: "refused" };
  }
  for (const member of statesMembers(text)) {
    if (member === outcome) continue;
    findings.error(location, `'$states.${member}' can only be used in ${PLACES[member]}`);
    return { kind: "refused" };
  }
  return { kind: "expression", text };
}

function problemOf(text: string, findings: Findings): string | null {
  return findings.admitsExpression() ? expressionProblem(text) : "the definition has too many expressions";
}
