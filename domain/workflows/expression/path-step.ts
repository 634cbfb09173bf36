import type { Json } from "../../kernel/json.ts";

/** One step of a JSONPath from a set of nodes to the next. */
export type PathStep =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "names"; readonly names: readonly string[] }
  | { readonly kind: "indexes"; readonly indexes: readonly number[] }
  | { readonly kind: "slice"; readonly from: number | null; readonly to: number | null; readonly by: number }
  | { readonly kind: "wildcard" }
  /** `.length()`, the one function of the path library that definitions in the wild use. */
  | { readonly kind: "length" }
  /** Every node below, the node itself first; the step after it picks from those. */
  | { readonly kind: "descend" }
  | { readonly kind: "filter"; readonly filter: FilterNode };

export type FilterNode =
  | { readonly kind: "or" | "and"; readonly left: FilterNode; readonly right: FilterNode }
  | { readonly kind: "not"; readonly operand: FilterNode }
  | { readonly kind: "exists"; readonly path: FilterPath }
  | {
      readonly kind: "compare";
      readonly operator: FilterOperator;
      readonly left: FilterOperand;
      readonly right: FilterOperand;
    };

export type FilterOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "nin";
export type FilterOperand = { readonly kind: "value"; readonly value: Json } | FilterPath;

export interface FilterPath {
  readonly kind: "path";
  /** `@` or `$`. */
  readonly from: "current" | "root";
  readonly steps: readonly PathStep[];
  readonly definite: boolean;
}

/** Names, single indexes and lengths only: at most one node. */
export function areDefinite(steps: readonly PathStep[]): boolean {
  return steps.every(({ kind }) => kind === "name" || kind === "index" || kind === "length");
}
