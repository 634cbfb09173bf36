import type * as z from "zod";
import type { ServiceContext } from "../../../../services/context.ts";
import { AwsError } from "./aws-error.ts";

/** One action of the protocol: members in, members out. */
export type Action = (ctx: ServiceContext, input: unknown) => Promise<object>;

/** An action whose input has the shape; members that it does not name are ignored, as AWS does. */
export function action<S extends z.ZodType>(
  shape: S,
  answer: (ctx: ServiceContext, input: z.output<S>) => Promise<object>,
): Action {
  return async (ctx, input) => {
    const result = shape.safeParse(input);
    if (!result.success) throw invalid(result.error.issues);
    return answer(ctx, result.data);
  };
}

function invalid(issues: readonly z.core.$ZodIssue[]): AwsError {
  const faults = issues.map(
    ({ path, message }) => `Value at '${path.join(".")}' failed to satisfy constraint: ${message}`,
  );
  const count = faults.length === 1 ? "1 validation error" : `${faults.length} validation errors`;
  return new AwsError("ValidationException", `${count} detected: ${faults.join("; ")}`);
}
