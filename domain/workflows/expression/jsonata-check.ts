import type jsonata from "jsonata";
import { parseExpression } from "./jsonata.ts";
import { nodesBelow } from "./jsonata-bill.ts";
import { ParseCache } from "./parse-cache.ts";
import { patternProblem } from "./regex.ts";

/** What `$states` has in some places only. */
export type StatesMember = "result" | "errorOutput";

type Node = Omit<jsonata.ExprNode, "value"> & Record<string, unknown>;

const problems = new ParseCache<string | null>();

/** Why a text cannot run as an expression of a state machine, or null where it can. */
export function expressionProblem(text: string): string | null {
  const known = problems.get(text);
  if (known !== undefined) return known;
  const problem = examine(text);
  problems.set(text, problem);
  return problem;
}

const MEMBERS: readonly StatesMember[] = ["result", "errorOutput"];
const members = new ParseCache<readonly StatesMember[]>();
const NONE: readonly StatesMember[] = [];

/** Which of them an expression reads. */
export function statesMembers(text: string): readonly StatesMember[] {
  if (!/result|errorOutput/.test(text)) return NONE;
  const known = members.get(text);
  if (known !== undefined) return known;
  const parsed = parseExpression(text);
  const paths = "problem" in parsed ? [] : [...nodesBelow(parsed.ast)].map(({ steps }) => steps as Node[] | undefined);
  const found = MEMBERS.filter((member) =>
    paths.some((steps) => steps?.[0]?.value === "states" && steps[0].type === "variable" && steps[1]?.value === member),
  );
  members.set(text, found);
  return found;
}

function examine(text: string): string | null {
  const parsed = parseExpression(text);
  if ("problem" in parsed) return parsed.problem;
  try {
    return misuse(parsed.ast as Node, false);
  } catch (failure) {
    if (failure instanceof RangeError) return "nested too deep";
    throw failure;
  }
}

/**
 * Finds what reads the input document, which does not exist here: `$`, `$$`, a bare field name, `*` and `**`, wherever nothing
 * before them gives a context. Also `$eval`. A lambda may be called with a context, so its body is taken to have one.
 */
function misuse(node: Node, hasContext: boolean): string | null {
  switch (node.type as string) {
    case "name":
    case "wildcard":
    case "descendant":
      return hasContext ? null : `there is no input document for '${String(node.value)}'; use $states.input`;
    case "regex":
      return node.value instanceof RegExp ? patternProblem(node.value) : null;
    case "variable":
      if (node.value === "eval") return "$eval is not supported";
      if (hasContext || (node.value !== "" && node.value !== "$")) return misuseInStages(node);
      return `there is no input document for '$${node.value}'; use $states.input`;
    case "path":
      return misuseInPath(node, hasContext);
    case "lambda":
      return firstMisuse([node.body], true);
    case "transform":
      return firstMisuse([node.pattern, node.update, node.delete], true);
    default:
      return firstMisuse(childrenOf(node), hasContext) ?? misuseInStages(node);
  }
}

function misuseInPath(node: Node, hasContext: boolean): string | null {
  const [first, ...rest] = (node.steps ?? []) as Node[];
  if (first === undefined) return null;
  return misuse(first, hasContext) ?? firstMisuse(rest, true) ?? misuseInStages(node);
}

/** Predicates and groupings look at what they are attached to. */
function misuseInStages(node: Node): string | null {
  return firstMisuse([node.predicate, node.stages, node.group], true);
}

function firstMisuse(parts: readonly unknown[], hasContext: boolean): string | null {
  for (const part of parts) {
    const found = misuseInPart(part, hasContext);
    if (found !== null) return found;
  }
  return null;
}

function misuseInPart(part: unknown, hasContext: boolean): string | null {
  if (Array.isArray(part)) return firstMisuse(part, hasContext);
  if (typeof part !== "object" || part === null) return null;
  if (typeof (part as Node).type === "string") return misuse(part as Node, hasContext);
  const { lhs, rhs, expr, expression } = part as { lhs?: unknown; rhs?: unknown; expr?: unknown; expression?: unknown };
  return firstMisuse([lhs, rhs, expr, expression], hasContext);
}

function childrenOf(node: Node): unknown[] {
  const { lhs, rhs, arguments: given, procedure, expressions, expression, condition } = node;
  return [lhs, rhs, given, procedure, expressions, expression, condition, node.then, node.else, node.terms];
}
