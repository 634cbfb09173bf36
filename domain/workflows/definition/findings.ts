import type { Diagnostic, DiagnosticCode } from "./diagnostic.ts";

/** A definition with ten thousand mistakes is not worth ten thousand messages; AWS answers with at most a hundred. */
const MAX_DIAGNOSTICS = 100;

/** Parsing one takes a good part of a millisecond; a definition written by hand has some hundreds. */
const MAX_EXPRESSIONS = 4_000;

/** Collects what is wrong with a definition while it is read to the end. */
export class Findings {
  readonly #diagnostics: Diagnostic[] = [];
  #errors = 0;
  #expressions = 0;

  error(location: string, message: string, code: DiagnosticCode = "SCHEMA_VALIDATION_FAILED"): void {
    this.#errors += 1;
    this.#add({ severity: "ERROR", code, message, location: location === "" ? "/" : location });
  }

  warning(location: string, message: string): void {
    this.#add({ severity: "WARNING", code: "SCHEMA_VALIDATION_FAILED", message, location });
  }

  /** Counts a JSONata expression that must be parsed; false where a definition has more than can be parsed in one request. */
  admitsExpression(): boolean {
    this.#expressions += 1;
    return this.#expressions <= MAX_EXPRESSIONS;
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** Nothing that is reported from here on can be seen. */
  get isFull(): boolean {
    return this.#diagnostics.length >= MAX_DIAGNOSTICS;
  }

  #add(diagnostic: Diagnostic): void {
    if (!this.isFull) this.#diagnostics.push(diagnostic);
    else if (diagnostic.severity === "ERROR") this.#displaceWarning(diagnostic);
  }

  /** An error must be seen even behind a hundred warnings. */
  #displaceWarning(error: Diagnostic): void {
    const warning = this.#diagnostics.findIndex(({ severity }) => severity === "WARNING");
    if (warning !== -1) this.#diagnostics[warning] = error;
  }
}
