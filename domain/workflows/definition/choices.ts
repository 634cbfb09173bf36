import type { Json } from "../../kernel/json.ts";
import {
  type ChoiceTest,
  compilePattern,
  type DataTest,
  type OperandKind,
  type Relation,
  type TypeCheck,
} from "../expression/choice.ts";
import { type Path, parsePath, WHOLE_INPUT } from "../expression/path.ts";
import { parseTimestamp } from "../expression/timestamp.ts";
import { readExpressionText } from "./expression-text.ts";
import { readAssign, readTemplate } from "./fields.ts";
import type { Transition } from "./graph.ts";
import type { ChoiceRule, QueryLanguage } from "./machine.ts";
import type { Section } from "./section.ts";

const ORDERED: readonly Relation[] = ["Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"];
const TYPE_CHECKS: readonly TypeCheck[] = ["IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp"];

interface Comparison {
  readonly operand: OperandKind;
  readonly relation: Relation;
  readonly behindPath: boolean;
}

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  ...(["String", "Numeric", "Timestamp"] as const).flatMap((operand) =>
    ORDERED.flatMap((relation) => bothForms(operand, relation)),
  ),
  ...bothForms("Boolean", "Equals"),
]);

function bothForms(operand: OperandKind, relation: Relation): [string, Comparison][] {
  return [
    [`${operand}${relation}`, { operand, relation, behindPath: false }],
    [`${operand}${relation}Path`, { operand, relation, behindPath: true }],
  ];
}

/** A test that never passes, standing in for one that was refused. */
const REFUSED: DataTest = { kind: "or", tests: [] };

export function readChoices(section: Section, language: QueryLanguage, transitions: Transition[]): ChoiceRule[] {
  section.require("Choices");
  return section.sections("Choices").map((rule) => readRule(rule, language, transitions));
}

function readRule(section: Section, language: QueryLanguage, transitions: Transition[]): ChoiceRule {
  section.value("Comment");
  section.require("Next");
  const next = section.text("Next");
  if (next !== null) transitions.push({ to: next, field: "Next", location: section.at("Next") });
  const rule: ChoiceRule = {
    test: language === "JSONata" ? readCondition(section) : readDataTest(section),
    next: next ?? "",
    assign: readAssign(section, language),
    output: language === "JSONata" ? readTemplate(section, "Output", language) : null,
  };
  section.refuseOthers();
  return rule;
}

function readCondition(section: Section): ChoiceTest {
  const field = section.nameOf("Condition");
  section.require("Condition");
  const value = section.value("Condition");
  if (typeof value === "boolean") return { kind: "condition", field, condition: value };
  if (typeof value === "string") {
    const reading = readExpressionText(value, section.at("Condition"), section.findings);
    if (reading.kind === "expression") return { kind: "condition", field, condition: { text: reading.text } };
    if (reading.kind === "refused") return REFUSED;
  }
  if (value !== undefined) section.error("Condition", "Expected a boolean or a JSONata expression");
  return REFUSED;
}

/** Depth is bounded by that of the definition's JSON. */
function readDataTest(section: Section): DataTest {
  const operators = section.names().filter(isOperator);
  const [operator] = operators;
  if (operator === undefined || operators.length > 1) {
    for (const name of operators) section.value(name);
    section.value("Variable");
    section.findings.error(section.location, "A Choice Rule must have exactly one comparison operator");
    return REFUSED;
  }
  switch (operator) {
    case "And":
    case "Or":
      return { kind: operator === "And" ? "and" : "or", tests: section.sections(operator).map(readInnerTest) };
    case "Not": {
      const inner = section.section("Not");
      return inner === null ? REFUSED : { kind: "not", test: readInnerTest(inner) };
    }
    default:
      return readComparison(section, operator);
  }
}

/** ASL: only the outermost rule has Next and Assign, so in the others they are unknown fields. */
function readInnerTest(section: Section): DataTest {
  section.value("Comment");
  const test = readDataTest(section);
  section.refuseOthers();
  return test;
}

function isOperator(name: string): boolean {
  return ["And", "Or", "Not", "StringMatches"].includes(name) || isTypeCheck(name) || COMPARISONS.has(name);
}

function isTypeCheck(name: string): name is TypeCheck {
  return (TYPE_CHECKS as readonly string[]).includes(name);
}

function readComparison(section: Section, operator: string): DataTest {
  section.require("Variable");
  const variable = readPath(section, "Variable");
  const value = section.value(operator) ?? null;
  if (isTypeCheck(operator)) {
    if (typeof value === "boolean") return { kind: "is", variable, check: operator, expected: value };
    section.error(operator, "Expected value of type Boolean");
    return REFUSED;
  }
  if (operator === "StringMatches") return readMatch(section, variable, value);
  const comparison = COMPARISONS.get(operator);
  if (comparison === undefined) return REFUSED;
  const { operand, relation, behindPath } = comparison;
  if (behindPath) {
    return { kind: "compare", variable, operand, relation, value: { kind: "path", path: readPath(section, operator) } };
  }
  const problem = operandProblem(operand, value);
  if (problem !== null) section.error(operator, problem);
  return { kind: "compare", variable, operand, relation, value: { kind: "literal", value } };
}

function readMatch(section: Section, variable: Path, value: Json): DataTest {
  const pattern = typeof value === "string" ? compilePattern(value) : null;
  if (pattern !== null) return { kind: "matches", variable, pattern };
  section.error("StringMatches", "Expected a string in which a backslash stands only before '*' and another backslash");
  return REFUSED;
}

function operandProblem(operand: OperandKind, value: Json): string | null {
  switch (operand) {
    case "String":
      return typeof value === "string" ? null : "Expected value of type String";
    case "Numeric":
      return typeof value === "number" ? null : "Expected value of type Number";
    case "Boolean":
      return typeof value === "boolean" ? null : "Expected value of type Boolean";
    case "Timestamp":
      return typeof value === "string" && parseTimestamp(value) !== null
        ? null
        : "String does not match RFC3339 timestamp";
  }
}

function readPath(section: Section, field: string): Path {
  const value = section.value(field);
  if (value === undefined) return WHOLE_INPUT;
  const path = typeof value === "string" ? parsePath(value) : null;
  if (path === null) section.error(field, "The value must be a valid JSONPath");
  return path ?? WHOLE_INPUT;
}
