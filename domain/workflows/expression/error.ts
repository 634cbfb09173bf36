/** AWS: the longest cause; ours may quote an input. */
const MAX_CAUSE_LENGTH = 32_768;

/**
 * A failure with an Amazon States Language error name, thrown by every evaluator and caught by the interpreter.
 * Where `prefixed`, the interpreter puts "An error occurred while executing the state '...' (entered at the event id
 * #...). " in front of the cause.
 */
export class StateError extends Error {
  readonly error: string;
  readonly causeText: string;
  readonly prefixed: boolean;
  /** Where in the state the JSONata expression stands that failed: "Output/total". */
  readonly location: string | null;

  constructor(error: string, causeText: string, prefixed = true, location: string | null = null) {
    const bounded = causeText.slice(0, MAX_CAUSE_LENGTH);
    super(`${error}: ${bounded}`);
    this.name = "StateError";
    this.error = error;
    this.causeText = bounded;
    this.prefixed = prefixed;
    this.location = location;
  }
}

/** Cannot be retried or caught: a path without a value, a value of the wrong kind behind a path. */
export function runtimeError(causeText: string): StateError {
  return new StateError("States.Runtime", causeText);
}

export function queryEvaluationError(causeText: string, location: string | null = null): StateError {
  return new StateError("States.QueryEvaluationError", causeText, true, location);
}

/** About the expression `text` that stands at `location`. */
export function expressionError(text: string, location: string, what: string): StateError {
  return queryEvaluationError(
    `The JSONata expression '${text}' specified for the field '${location}' ${what}`,
    location,
  );
}

export function intrinsicFailure(causeText: string): StateError {
  return new StateError("States.IntrinsicFailure", causeText);
}
