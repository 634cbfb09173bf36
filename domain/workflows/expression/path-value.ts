import { isJsonObject, type Json } from "../../kernel/json.ts";
import { runtimeError } from "./error.ts";
import { type FilterReading, passesFilter } from "./filter.ts";
import type { Path } from "./path.ts";
import type { FilterPath, PathStep } from "./path-step.ts";
import type { EvaluationScope } from "./scope.ts";
import { OVERWORKED } from "./work.ts";

/**
 * Nodes one path may visit. The largest payload (256 KiB) holds about 130,000 values, so every single pass over it
 * fits; `$..*..*..*` does not.
 */
const MAX_VISITED_NODES = 1_000_000;
/** Nodes visited in the time of a step. */
const VISITED_A_STEP = 16;

/** The value a path leads to; undefined where a definite path leads nowhere. An indefinite path always gives an array. */
export function readPath(path: Path, scope: EvaluationScope): Json | undefined {
  const root = rootValue(path, scope);
  if (!path.definite) return root === undefined ? [] : selectAll(root, path.steps, scope);
  let value = root;
  for (const step of path.steps) {
    if (value === undefined) return undefined;
    value = child(value, step);
  }
  return value;
}

/** What `$` of this path is: the input, the context object or a variable. */
export function rootValue(path: Path, scope: EvaluationScope): Json | undefined {
  switch (path.root.kind) {
    case "input":
      return scope.input;
    case "context":
      return scope.context;
    case "variable":
      return Object.hasOwn(scope.variables, path.root.name) ? scope.variables[path.root.name] : undefined;
  }
}

/** Why a definite path leads nowhere, in the words of the path library behind the original service. */
export function missingReason(path: Path, scope: EvaluationScope): string {
  let value = rootValue(path, scope);
  let walked = "$";
  for (const [i, step] of path.steps.entries()) {
    const next = value === undefined ? undefined : child(value, step);
    walked += step.kind === "index" ? `[${step.index}]` : `['${step.kind === "name" ? step.name : "*"}']`;
    if (next === undefined) {
      if (step.kind === "index" && Array.isArray(value)) return `Index out of bounds when evaluating path ${walked}`;
      return i === path.steps.length - 1 ? `No results for path: ${walked}` : `Missing property in path ${walked}`;
    }
    value = next;
  }
  return `No results for path: ${walked}`;
}

function child(value: Json, step: PathStep): Json | undefined {
  if (step.kind === "name") {
    return isJsonObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
  }
  if (step.kind === "length") return lengthOf(value);
  if (step.kind !== "index" || !Array.isArray(value)) return undefined;
  return value[step.index < 0 ? value.length + step.index : step.index];
}

function lengthOf(value: Json): number | undefined {
  if (Array.isArray(value) || typeof value === "string") return value.length;
  return isJsonObject(value) ? Object.keys(value).length : undefined;
}

interface Budget {
  left: number;
}

function selectAll(root: Json, steps: readonly PathStep[], scope: EvaluationScope): Json[] {
  const budget = { left: MAX_VISITED_NODES };
  const found = select(root, root, steps, budget);
  const visited = MAX_VISITED_NODES - budget.left + found.length;
  if (!scope.work.spend(visited / VISITED_A_STEP)) throw runtimeError(OVERWORKED);
  return found;
}

function select(start: Json, document: Json, steps: readonly PathStep[], budget: Budget): Json[] {
  let nodes: Json[] = [start];
  for (const step of steps) {
    const next: Json[] = [];
    for (const node of nodes) {
      spend(budget, 1);
      pick(node, step, document, budget, next);
    }
    nodes = next;
  }
  return nodes;
}

function pick(node: Json, step: PathStep, document: Json, budget: Budget, found: Json[]): void {
  switch (step.kind) {
    case "name":
    case "length":
    case "index": {
      const value = child(node, step);
      if (value !== undefined) found.push(value);
      return;
    }
    case "names":
      for (const name of step.names) pick(node, { kind: "name", name }, document, budget, found);
      return;
    case "indexes":
      for (const index of step.indexes) pick(node, { kind: "index", index }, document, budget, found);
      return;
    case "slice":
      if (Array.isArray(node)) pickSlice(node, step.from, step.to, step.by, found);
      return;
    case "wildcard":
      for (const value of children(node)) found.push(value);
      return;
    case "descend":
      descend(node, budget, found);
      return;
    case "filter": {
      const candidates = isJsonObject(node) ? [node] : children(node);
      for (const candidate of candidates) {
        spend(budget, 1);
        const reading: FilterReading = {
          read: (path) => readFilterPath(path, candidate, document, budget),
          compared: (values) => spend(budget, values),
        };
        if (passesFilter(step.filter, reading)) found.push(candidate);
      }
      return;
    }
  }
}

function pickSlice(items: Json[], from: number | null, to: number | null, by: number, found: Json[]): void {
  const start = position(from ?? 0, items.length);
  const end = position(to ?? items.length, items.length);
  for (let i = start; i < end; i += by) found.push(items[i] as Json);
}

function position(index: number, length: number): number {
  return index < 0 ? Math.max(0, length + index) : Math.min(index, length);
}

function children(node: Json): readonly Json[] {
  if (Array.isArray(node)) return node;
  return isJsonObject(node) ? Object.values(node) : [];
}

/** The node and everything below it, parents first; own stack, since data may be nested deeper than ours. */
function descend(node: Json, budget: Budget, found: Json[]): void {
  const open: Json[] = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    spend(budget, 1);
    found.push(next);
    const below = children(next);
    for (let i = below.length - 1; i >= 0; i -= 1) open.push(below[i] as Json);
  }
}

function readFilterPath(path: FilterPath, current: Json, document: Json, budget: Budget): Json | undefined {
  const start = path.from === "current" ? current : document;
  const nodes = select(start, document, path.steps, budget);
  if (path.definite) return nodes[0];
  return nodes.length === 0 ? undefined : nodes;
}

function spend(budget: Budget, nodes: number): void {
  budget.left -= nodes;
  if (budget.left < 0) throw runtimeError(`The path visits more than ${MAX_VISITED_NODES} values`);
}
