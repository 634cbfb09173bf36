import type { Json } from "../../kernel/json.ts";
import type { IntrinsicCall } from "./intrinsic.ts";
import type { Path } from "./path.ts";

/** A payload template, compiled once. `source` is the definition's JSON; `field` its place in messages ("Output"). */
export interface Template {
  readonly language: "JSONPath" | "JSONata";
  readonly field: string;
  readonly source: Json;
  readonly root: TemplateNode;
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
