import { expressionProblem } from "../expression/jsonata-check.ts";
import { isPlainPath } from "../expression/jsonata-path.ts";
import type { Findings } from "./findings.ts";

/** What a string of a JSONata state is. */
export type TextReading =
  | { readonly kind: "literal" }
  | { readonly kind: "expression"; readonly text: string }
  | { readonly kind: "refused" };

/**
 * ASL: `{%` must be the first characters and `%}` the last. A text with only one of the two is a slip that would run as
 * literal text, so it is refused; blanks around both make a literal.
 */
export function readExpressionText(value: string, location: string, findings: Findings): TextReading {
  const opens = value.startsWith("{%");
  const closes = value.endsWith("%}") && value.length >= 4;
  if (opens && closes) return readMarked(value, location, findings);
  if ((opens && !value.includes("%}")) || (value.endsWith("%}") && !value.includes("{%"))) {
    findings.error(location, "A JSONata expression must start with '{%' and end with '%}'");
    return { kind: "refused" };
  }
  return { kind: "literal" };
}

function readMarked(value: string, location: string, findings: Findings): TextReading {
  const inside = value.slice(2, -2);
  if (!/^\s[\s\S]*\s$/.test(inside)) {
    findings.error(
      location,
      "A JSONata expression must be written as '{% <expression> %}', with blanks inside the marks",
    );
    return { kind: "refused" };
  }
  const text = inside.trim();
  if (isPlainPath(text)) return { kind: "expression", text };
  const problem = findings.admitsExpression() ? expressionProblem(text) : "the definition has too many expressions";
  if (problem !== null) {
    findings.error(location, `The value is not a valid JSONata expression: ${problem}`);
    return { kind: "refused" };
  }
  return { kind: "expression", text };
}
