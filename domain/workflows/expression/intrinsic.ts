import type { Json } from "../../kernel/json.ts";
import type { Path } from "./path.ts";

/** A parsed `States.*` call. */
export interface IntrinsicCall {
  readonly text: string;
  readonly name: string;
  readonly arguments: readonly IntrinsicArgument[];
}

export type IntrinsicArgument =
  | { readonly kind: "literal"; readonly value: Json }
  | { readonly kind: "path"; readonly path: Path }
  | { readonly kind: "call"; readonly call: IntrinsicCall };
