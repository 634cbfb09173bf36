import type { Json } from "../../kernel/json.ts";
import type { Path } from "./path.ts";

/** The condition of a Choice rule, compiled. */
export type ChoiceTest =
  | { readonly kind: "and" | "or"; readonly tests: readonly ChoiceTest[] }
  | { readonly kind: "not"; readonly test: ChoiceTest }
  | {
      readonly kind: "compare";
      readonly variable: Path;
      readonly operator: string;
      readonly operand:
        | { readonly kind: "value"; readonly value: Json }
        | { readonly kind: "path"; readonly path: Path };
    }
  | { readonly kind: "condition"; readonly field: string; readonly condition: boolean | string };
