import type { Node } from "oxc-parser";
import { type SourceFile, walk } from "../source-file.ts";

/** Every place where the global `name` is used as a value: `fetch(x)`, `run(fetch)`, `globalThis.fetch`, `Date.now`. */
export function globalUses(file: SourceFile, name: string): Node[] {
  const [global = name, member] = name.split(".");
  const found: Node[] = [];
  let isShadowed = false;
  walk(file.program, (node, ancestors) => {
    const [grandparent, parent] = [ancestors.at(-2), ancestors.at(-1)];
    if (isIdentifier(node, global) && isDeclaration(node, parent, grandparent)) isShadowed = true;
    if (member !== undefined) {
      if (memberName(node) === member && node.type === "MemberExpression" && means(node.object, global))
        found.push(node);
    } else if (means(node, global) && isExpression(node, parent, grandparent)) found.push(node);
  });
  return isShadowed ? [] : found;
}

/** The name of `object.name` or `object["name"]`, or null when it is computed. */
export function memberName(node: Node): string | null {
  if (node.type !== "MemberExpression") return null;
  if (!node.computed) return node.property.type === "Identifier" ? node.property.name : null;
  return node.property.type === "Literal" && typeof node.property.value === "string" ? node.property.value : null;
}

export function isIdentifier(node: Node | null | undefined, name: string): boolean {
  return node?.type === "Identifier" && node.name === name;
}

function means(node: Node, global: string): boolean {
  if (isIdentifier(node, global)) return true;
  if (node.type !== "MemberExpression" || memberName(node) !== global) return false;
  return isIdentifier(node.object, "globalThis") || isIdentifier(node.object, "self");
}

function isDeclaration(node: Node, parent: Node | undefined, grandparent: Node | undefined): boolean {
  switch (parent?.type) {
    case "FunctionDeclaration":
      return parent.id === node || isAmong(parent.params, node);
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return isAmong(parent.params, node);
    case "VariableDeclarator":
      return parent.id === node;
    case "Property":
      return parent.value === node && grandparent?.type === "ObjectPattern";
    case "ImportSpecifier":
      return parent.local === node;
    default:
      return false;
  }
}

function isExpression(node: Node, parent: Node | undefined, grandparent: Node | undefined): boolean {
  switch (parent?.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "CallExpression":
    case "NewExpression":
      return parent.callee === node || isAmong(parent.arguments, node);
    case "VariableDeclarator":
      return parent.init === node;
    case "AssignmentPattern":
    case "AssignmentExpression":
      return parent.right === node;
    case "Property":
      return parent.value === node && grandparent?.type === "ObjectExpression";
    case "PropertyDefinition":
      return parent.value === node;
    case "ArrowFunctionExpression":
      return parent.body === node;
    case "ReturnStatement":
    case "LogicalExpression":
    case "ConditionalExpression":
    case "AwaitExpression":
    case "SpreadElement":
    case "ArrayExpression":
    case "ExpressionStatement":
      return true;
    default:
      return false;
  }
}

function isAmong(nodes: readonly Node[], node: Node): boolean {
  return nodes.some((one) => one === node);
}
