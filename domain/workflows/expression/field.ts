import type { Path } from "./path.ts";

/** A field that is a number in the definition, behind a path (`TimeoutSecondsPath`), or the value of an expression. */
export type NumberField =
  | { readonly kind: "literal"; readonly field: string; readonly value: number }
  | { readonly kind: "path"; readonly field: string; readonly path: Path }
  | { readonly kind: "expression"; readonly field: string; readonly text: string };

/** The same for text; `ErrorPath` and `CausePath` may also hold an intrinsic call. */
export type TextField =
  | { readonly kind: "literal"; readonly field: string; readonly value: string }
  | { readonly kind: "path"; readonly field: string; readonly path: Path }
  | { readonly kind: "intrinsic"; readonly field: string; readonly call: IntrinsicCall }
  | { readonly kind: "expression"; readonly field: string; readonly text: string };

import type { IntrinsicCall } from "./intrinsic.ts";
