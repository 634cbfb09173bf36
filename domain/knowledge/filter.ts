// Conditions on the metadata of documents: equality, comparison, membership, and, or, not.
//   F1  {a: 1, b: 2} asks for both; {a: {$gte: 1, $lt: 5}} asks for both; an empty object asks for nothing.
//   F2  comparison never crosses types: a missing value or one of another type does not match (save for $ne and $nin).
//   F3  a list in the metadata matches when one of its items does; $ne and $nin when none does.
// Operators may be written without "$" (`gte`, `and`), since no metadata key can start with it.
import * as z from "zod";
import { type Metadata, MetadataScalar } from "./metadata.ts";

const COMPARISONS = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"] as const;
type Comparison = (typeof COMPARISONS)[number];

export type Condition =
  | { readonly kind: "all" | "any"; readonly conditions: readonly Condition[] }
  | { readonly kind: "not"; readonly condition: Condition }
  | { readonly kind: "compare"; readonly key: string; readonly operator: Comparison; readonly value: Operand };
type Operand = MetadataScalar | readonly MetadataScalar[];

/** Deeper or wider than a person writes, and no deeper than the stack can bear. */
const MAX_DEPTH = 8;
const MAX_CONDITIONS = 200;

export const Filter = z
  .record(z.string(), z.unknown())
  .superRefine((value, context) => {
    const parsed = parseFilter(value);
    if (!parsed.valid) context.addIssue({ code: "custom", path: [...parsed.path], message: parsed.message });
  })
  .meta({
    id: "Filter",
    description:
      "Conditions on metadata: {key: value}, {key: {$gte, $gt, $lt, $lte, $eq, $ne, $in, $nin}}, {$and: [...]}, {$or: [...]}, {$not: {...}}.",
    example: { department: "hr", year: { $gte: 2023 }, $or: [{ region: "eu" }, { region: { $in: ["uk", "ch"] } }] },
  });
export type Filter = z.infer<typeof Filter>;

type Parsed =
  | { readonly valid: true; readonly condition: Condition }
  | { readonly valid: false; readonly path: readonly (string | number)[]; readonly message: string };

export function parseFilter(filter: unknown): Parsed {
  const budget = { left: MAX_CONDITIONS };
  try {
    return { valid: true, condition: parseObject(filter, [], budget) };
  } catch (error) {
    if (error instanceof FilterSyntax) return { valid: false, path: error.path, message: error.message };
    throw error;
  }
}

export function matchesCondition(condition: Condition, metadata: Metadata): boolean {
  switch (condition.kind) {
    case "all":
      return condition.conditions.every((part) => matchesCondition(part, metadata));
    case "any":
      return condition.conditions.some((part) => matchesCondition(part, metadata));
    case "not":
      return !matchesCondition(condition.condition, metadata);
    case "compare":
      return compare(condition.operator, valuesOf(metadata, condition.key), condition.value);
  }
}

class FilterSyntax extends Error {
  readonly path: readonly (string | number)[];
  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.path = path;
  }
}

type Path = readonly (string | number)[];

function parseObject(filter: unknown, path: Path, budget: { left: number }): Condition {
  if (path.length > MAX_DEPTH * 2) throw new FilterSyntax(path, `a filter may nest ${MAX_DEPTH} levels`);
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) {
    throw new FilterSyntax(path, "a filter is an object");
  }
  const conditions = Object.entries(filter).flatMap(([key, value]) => parseMember(key, value, [...path, key], budget));
  const [only] = conditions;
  return conditions.length === 1 && only !== undefined ? only : { kind: "all", conditions };
}

function parseMember(key: string, value: unknown, path: Path, budget: { left: number }): Condition[] {
  budget.left -= 1;
  if (budget.left < 0) throw new FilterSyntax(path, `a filter may hold ${MAX_CONDITIONS} conditions`);
  if (key === "$and" || key === "$or" || ((key === "and" || key === "or") && Array.isArray(value))) {
    if (!Array.isArray(value) || value.length === 0) throw new FilterSyntax(path, `${key} takes a list of filters`);
    const conditions = value.map((part, index) => parseObject(part, [...path, index], budget));
    return [{ kind: key.endsWith("or") ? "any" : "all", conditions }];
  }
  if (key === "$not") return [{ kind: "not", condition: parseObject(value, path, budget) }];
  if (key.startsWith("$")) throw new FilterSyntax(path, `${key} is not an operator`);
  const scalar = MetadataScalar.safeParse(value);
  if (scalar.success) return [{ kind: "compare", key, operator: "$eq", value: scalar.data }];
  if (Array.isArray(value)) return [{ kind: "compare", key, operator: "$in", value: listOf(value, path) }];
  if (typeof value !== "object" || value === null) throw new FilterSyntax(path, "not a value to compare with");
  return Object.entries(value).map(([name, operand]) => parseComparison(key, name, operand, [...path, name]));
}

function parseComparison(key: string, name: string, operand: unknown, path: Path): Condition {
  const operator = COMPARISONS.find((known) => known === name || known === `$${name}`);
  if (operator === undefined) throw new FilterSyntax(path, `${name} is not an operator`);
  if (operator === "$in" || operator === "$nin")
    return { kind: "compare", key, operator, value: listOf(operand, path) };
  const scalar = MetadataScalar.safeParse(operand);
  if (!scalar.success) throw new FilterSyntax(path, `${name} takes a string, a number, a boolean or null`);
  const ordered = typeof scalar.data === "string" || typeof scalar.data === "number";
  if (operator !== "$eq" && operator !== "$ne" && !ordered) {
    throw new FilterSyntax(path, `${name} takes a string or a number`);
  }
  return { kind: "compare", key, operator, value: scalar.data };
}

function listOf(value: unknown, path: Path): MetadataScalar[] {
  const list = z.array(MetadataScalar).min(1).max(100).safeParse(value);
  if (!list.success) throw new FilterSyntax(path, "takes a list of 1 to 100 plain values");
  return list.data;
}

function valuesOf(metadata: Metadata, key: string): readonly MetadataScalar[] {
  const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function compare(operator: Comparison, values: readonly MetadataScalar[], operand: Operand): boolean {
  const operands: readonly MetadataScalar[] = Array.isArray(operand) ? operand : [operand as MetadataScalar];
  switch (operator) {
    case "$eq":
    case "$in":
      return values.some((value) => operands.includes(value));
    case "$ne":
    case "$nin":
      return !values.some((value) => operands.includes(value));
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return values.some((value) => inOrder(operator, value, operand));
  }
}

function inOrder(operator: "$gt" | "$gte" | "$lt" | "$lte", value: MetadataScalar, operand: Operand): boolean {
  const comparable =
    (typeof value === "number" && typeof operand === "number") ||
    (typeof value === "string" && typeof operand === "string");
  if (!comparable) return false;
  switch (operator) {
    case "$gt":
      return value > operand;
    case "$gte":
      return value >= operand;
    case "$lt":
      return value < operand;
    case "$lte":
      return value <= operand;
  }
}
