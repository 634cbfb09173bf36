import type * as z from "zod";
import type { Json } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import type { InvalidMember, Problem } from "../../domain/kernel/problem.ts";
import { problem } from "../../domain/kernel/problem.ts";

/** A failure whose ASL name the performer knows. */
export class TaskFailure extends Error {
  readonly error: string;
  constructor(error: string, cause: string) {
    super(cause);
    this.error = error;
  }
}

export function argumentsOf<S extends z.ZodType>(schema: S, input: Json): z.output<S> {
  const result = schema.safeParse(isJsonObject(input) ? input : {});
  if (result.success) return result.data;
  throw invalidArguments(
    result.error.issues.map(({ path, message }) => ({ pointer: `/${path.join("/")}`, detail: message })),
  );
}

export function invalidArguments(errors: InvalidMember[]): Problem {
  return problem("validation-failed", { errors });
}
