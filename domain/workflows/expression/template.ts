import type { Json, JsonObject } from "../../kernel/json.ts";
import { runtimeError } from "./error.ts";
import { callIntrinsic, type IntrinsicCall } from "./intrinsic.ts";
import { evaluateExpression } from "./jsonata.ts";
import type { Path } from "./path.ts";
import { readPath, rootValue } from "./path-value.ts";
import type { Chance, EvaluationScope } from "./scope.ts";

/** A payload template, compiled once. `source` is the definition's JSON; `field` its place in messages ("Output"). */
export interface Template {
  readonly language: "JSONPath" | "JSONata";
  readonly field: string;
  readonly source: Json;
  readonly root: TemplateNode;
  /** How many values in it depend on the run. */
  readonly parts: number;
}

export type TemplateNode =
  | { readonly kind: "literal"; readonly value: Json }
  | { readonly kind: "array"; readonly items: readonly TemplateNode[] }
  | { readonly kind: "object"; readonly members: readonly TemplateMember[] }
  | { readonly kind: "path"; readonly field: string; readonly path: Path }
  | { readonly kind: "intrinsic"; readonly field: string; readonly call: IntrinsicCall }
  | { readonly kind: "expression"; readonly field: string; readonly text: string };

export interface TemplateMember {
  readonly name: string;
  readonly node: TemplateNode;
}

/** JSONPath: literals are shared with the definition, everything else is new. */
export function fillTemplate(node: TemplateNode, scope: EvaluationScope, chance: Chance): Json {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "array":
      return node.items.map((item) => fillTemplate(item, scope, chance));
    case "object": {
      const object: JsonObject = {};
      for (const { name, node: inner } of node.members) setMember(object, name, fillTemplate(inner, scope, chance));
      return object;
    }
    case "path":
      return readField(node.path, node.field, scope);
    case "intrinsic":
      return callIntrinsic(node.call, scope, chance);
    case "expression":
      throw new Error("a JSONata expression in a JSONPath template");
  }
}

/** JSONata: members are evaluated one after another, in the order of the definition. */
export async function fillExpressions(node: TemplateNode, scope: EvaluationScope, chance: Chance): Promise<Json> {
  switch (node.kind) {
    case "expression":
      return evaluateExpression(node.text, node.field, scope, chance);
    case "array": {
      const items: Json[] = [];
      for (const item of node.items) {
        items.push(item.kind === "literal" ? item.value : await fillExpressions(item, scope, chance));
      }
      return items;
    }
    case "object": {
      const object: JsonObject = {};
      for (const { name, node: inner } of node.members) {
        setMember(object, name, inner.kind === "literal" ? inner.value : await fillExpressions(inner, scope, chance));
      }
      return object;
    }
    default:
      return fillTemplate(node, scope, chance);
  }
}

/** The value of a path that must lead somewhere. */
export function readField(path: Path, field: string, scope: EvaluationScope): Json {
  const value = readPath(path, scope);
  if (value !== undefined) return value;
  const input = JSON.stringify(rootValue(path, scope) ?? {});
  throw runtimeError(
    `The JSONPath '${path.text}' specified for the field '${field}' could not be found in the input '${input}'`,
  );
}

/** Assigning to `__proto__` would change the prototype instead of adding a member. */
function setMember(object: JsonObject, name: string, value: Json): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[name] = value;
  }
}
