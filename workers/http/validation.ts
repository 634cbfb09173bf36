import type * as z from "zod";
import type { InvalidMember } from "../../domain/kernel/problem.ts";
import { problem } from "../../domain/kernel/problem.ts";

/** The parsed value, or the problem `validation-failed` that lists every invalid member. `root` leads the pointers. */
export function parsed<S extends z.ZodType>(
  schema: S | undefined,
  value: unknown,
  root: "" | "?" | "/",
): z.output<S> | undefined {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw problem("validation-failed", { errors: result.error.issues.flatMap((issue) => invalidMembers(issue, root)) });
}

function invalidMembers(issue: z.core.$ZodIssue, root: string): InvalidMember[] {
  const pointer = pointerTo(issue.path, root);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      pointer: pointerTo([...issue.path, key], root),
      detail: "is not a known member",
      code: issue.code,
    }));
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map(({ message, code }) => ({ pointer, detail: message, code }));
  }
  if (issue.code === "invalid_union") {
    const nearest = nearestOf(issue.errors);
    if (nearest !== null) {
      return nearest.flatMap((inner) => invalidMembers({ ...inner, path: [...issue.path, ...inner.path] }, root));
    }
  }
  return [{ pointer, detail: issue.message, code: issue.code }];
}

/** The alternative that was most probably meant: one whose kind of value it is, with the fewest faults. */
function nearestOf(alternatives: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | null {
  const meant = alternatives.filter((issues) => issues.length > 0 && !isOfOtherKind(issues));
  return (meant.length > 0 ? meant : alternatives).toSorted((a, b) => a.length - b.length)[0] ?? null;
}

function isOfOtherKind(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some(
    (issue) =>
      issue.path.length === 0 &&
      (issue.code === "invalid_type" || (issue.code === "invalid_union" && issue.errors.every(isOfOtherKind))),
  );
}

/** RFC 6901 for bodies; the bare name after `?` for query parameters. */
function pointerTo(path: readonly PropertyKey[], root: string): string {
  const steps = path.map((step) => String(step).replaceAll("~", "~0").replaceAll("/", "~1"));
  return root === "" ? steps.map((step) => `/${step}`).join("") : `${root}${steps.join("/")}`;
}
