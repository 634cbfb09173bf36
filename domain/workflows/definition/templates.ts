import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { parseIntrinsic } from "../expression/intrinsic.ts";
import type { StatesMember } from "../expression/jsonata-check.ts";
import { parsePath } from "../expression/path.ts";
import type { Template, TemplateMember, TemplateNode } from "../expression/template.ts";
import { readExpressionText } from "./expression-text.ts";
import type { Findings } from "./findings.ts";
import { escapeToken } from "./json-text.ts";
import type { QueryLanguage } from "./machine.ts";

const NULL_NODE: TemplateNode = { kind: "literal", value: null };

/** Compiles a payload template; what does not depend on the run becomes one literal, however deep it is. */
export function compileTemplate(
  source: Json,
  field: string,
  language: QueryLanguage,
  location: string,
  findings: Findings,
  outcome: StatesMember | null = null,
): Template {
  const root =
    language === "JSONPath"
      ? pathNode(source, location, findings)
      : expressionNode(source, field, location, findings, outcome);
  return { language, field, source, root, parts: countParts(root) };
}

function countParts(node: TemplateNode): number {
  switch (node.kind) {
    case "literal":
      return 0;
    case "array":
      return node.items.reduce((count, item) => count + countParts(item), 0);
    case "object":
      return node.members.reduce((count, member) => count + countParts(member.node), 0);
    default:
      return 1;
  }
}

function pathNode(source: Json, location: string, findings: Findings): TemplateNode {
  if (Array.isArray(source)) {
    return arrayNode(
      source,
      source.map((item, i) => pathNode(item, `${location}/${i}`, findings)),
    );
  }
  if (!isJsonObject(source)) return { kind: "literal", value: source };
  const members: TemplateMember[] = [];
  for (const [key, value] of Object.entries(source)) {
    if (!key.endsWith(".$")) {
      members.push({ name: key, node: pathNode(value, `${location}/${escapeToken(key)}`, findings) });
      continue;
    }
    const name = key.slice(0, -2);
    if (Object.hasOwn(source, name))
      findings.error(location, `The field '${name}' is given twice, as '${name}' and '${key}'`);
    members.push({ name, node: dynamicNode(key, value, location, findings) });
  }
  return objectNode(source, members);
}

/** The value of a `k.$`: a path, or an intrinsic call. */
function dynamicNode(field: string, value: Json, location: string, findings: Findings): TemplateNode {
  if (typeof value === "string" && value.startsWith("$")) {
    const path = parsePath(value);
    if (path !== null) return { kind: "path", field, path };
  } else if (typeof value === "string") {
    const call = parseIntrinsic(value);
    if (call !== null) return { kind: "intrinsic", field, call };
  }
  findings.error(
    location,
    `The value for the field '${field}' must be a valid JSONPath or a valid intrinsic function call`,
  );
  return NULL_NODE;
}

function expressionNode(
  source: Json,
  field: string,
  location: string,
  findings: Findings,
  outcome: StatesMember | null,
): TemplateNode {
  if (typeof source === "string") {
    const reading = readExpressionText(source, location, findings, outcome);
    return reading.kind === "expression" ? { ...reading, field } : { kind: "literal", value: source };
  }
  if (Array.isArray(source)) {
    return arrayNode(
      source,
      source.map((item, i) => expressionNode(item, `${field}[${i}]`, `${location}/${i}`, findings, outcome)),
    );
  }
  if (!isJsonObject(source)) return { kind: "literal", value: source };
  const members = Object.entries(source).map(([name, value]) => ({
    name,
    node: expressionNode(value, `${field}/${name}`, `${location}/${escapeToken(name)}`, findings, outcome),
  }));
  return objectNode(source, members);
}

function arrayNode(source: Json[], items: readonly TemplateNode[]): TemplateNode {
  return items.every(({ kind }) => kind === "literal") ? { kind: "literal", value: source } : { kind: "array", items };
}

function objectNode(source: JsonObject, members: readonly TemplateMember[]): TemplateNode {
  const isLiteral = members.every(({ node }) => node.kind === "literal");
  return isLiteral ? { kind: "literal", value: source } : { kind: "object", members };
}
