export type DiagnosticCode =
  | "SCHEMA_VALIDATION_FAILED"
  | "INVALID_JSON_DESCRIPTION"
  | "MISSING_TRANSITION_TARGET"
  | "DUPLICATE_STATE_NAME";

/** One finding about a definition; `location` is a JSON pointer, "/" for the document itself. */
export interface Diagnostic {
  readonly severity: "ERROR" | "WARNING";
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly location: string;
}

/** The text AWS answers a creation with when the definition is refused. */
export function validationMessage(diagnostics: readonly Diagnostic[]): string {
  const findings = diagnostics
    .filter(({ severity }) => severity === "ERROR")
    .map(({ code, message, location }) => `${code}: ${message} at ${location}`);
  return `Invalid State Machine Definition: '${findings.join(", ")}'`;
}
