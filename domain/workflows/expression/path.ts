import type { Json } from "../../kernel/json.ts";

/** A parsed JSONPath: `$`, `$$` (context) or `$name` (variable), then steps. */
export interface Path {
  readonly text: string;
  readonly root: PathRoot;
  readonly steps: readonly PathStep[];
  /** Names and single indexes only: exactly one value or an error. */
  readonly definite: boolean;
}

export type PathRoot =
  | { readonly kind: "input" }
  | { readonly kind: "context" }
  | { readonly kind: "variable"; readonly name: string };

export type PathStep =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "names"; readonly names: readonly string[] }
  | { readonly kind: "indexes"; readonly indexes: readonly number[] }
  | { readonly kind: "slice"; readonly from: number | null; readonly to: number | null; readonly by: number }
  | { readonly kind: "wildcard" }
  | { readonly kind: "descend"; readonly step: PathStep }
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

export type FilterOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "in" | "nin";
export type FilterOperand = { readonly kind: "value"; readonly value: Json } | FilterPath;
export interface FilterPath {
  readonly kind: "path";
  readonly from: "current" | "root";
  readonly steps: readonly PathStep[];
}

/** `$`, or names and non-negative indexes only. */
export interface ReferencePath {
  readonly text: string;
  readonly steps: readonly (string | number)[];
}
