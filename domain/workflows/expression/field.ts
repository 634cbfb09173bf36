import type { IntrinsicCall } from "./intrinsic.ts";
import type { Path } from "./path.ts";

/** A field that is a number in the definition, behind a path (`TimeoutSecondsPath`), or the value of an expression. */
export type NumberField =
  | { readonly kind: "literal"; readonly field: NumberFieldName; readonly value: number }
  | { readonly kind: "path"; readonly field: NumberFieldName; readonly path: Path }
  | { readonly kind: "expression"; readonly field: NumberFieldName; readonly text: string };

/** Without the `Path` a definition adds. */
export type NumberFieldName =
  | "Seconds"
  | "TimeoutSeconds"
  | "HeartbeatSeconds"
  | "MaxConcurrency"
  | "ToleratedFailureCount"
  | "ToleratedFailurePercentage"
  | "MaxItems"
  | "MaxItemsPerBatch"
  | "MaxInputBytesPerBatch";

/** The same for text; `ErrorPath` and `CausePath` may also hold an intrinsic call. */
export type TextField =
  | { readonly kind: "literal"; readonly field: TextFieldName; readonly value: string }
  | { readonly kind: "path"; readonly field: TextFieldName; readonly path: Path }
  | { readonly kind: "intrinsic"; readonly field: TextFieldName; readonly call: IntrinsicCall }
  | { readonly kind: "expression"; readonly field: TextFieldName; readonly text: string };

export type TextFieldName = "Error" | "Cause" | "Timestamp";
