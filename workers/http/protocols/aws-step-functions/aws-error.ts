import { asProblem, type ProblemCode } from "../../../../domain/kernel/problem.ts";
import { type Diagnostic, validationMessage } from "../../../../domain/workflows/definition/diagnostic.ts";

/** A refusal in Step Functions' words. `name` is what clients of AWS switch on. */
export class AwsError extends Error {
  override readonly name: string;
  readonly status: number;

  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

// What a verb's problem is called where the action has no name of its own for it.
const NAMES: Partial<Record<ProblemCode, { name: string; status?: number }>> = {
  "malformed-request": { name: "SerializationException" },
  unauthenticated: { name: "UnrecognizedClientException" },
  forbidden: { name: "AccessDeniedException" },
  "tenant-suspended": { name: "AccessDeniedException" },
  "not-found": { name: "ResourceNotFound" },
  conflict: { name: "ConflictException" },
  "run-status": { name: "ConflictException" },
  "payload-too-large": { name: "ValidationException" },
  "validation-failed": { name: "ValidationException" },
  "invalid-definition": { name: "InvalidDefinition" },
  "rate-limited": { name: "ThrottlingException" },
  "quota-exceeded": { name: "ServiceQuotaExceededException" },
  unavailable: { name: "ServiceUnavailable", status: 503 },
};

/** `null` for a defect. */
export function asAwsError(error: unknown): AwsError | null {
  if (error instanceof AwsError) return error;
  const known = asProblem(error);
  if (known === null || known.code === "internal-error") return null;
  if (known.errors?.some(({ pointer }) => pointer === "?cursor")) return invalidToken();
  const { name, status } = NAMES[known.code] ?? { name: "ValidationException" };
  const faults = known.errors?.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; ");
  return new AwsError(name, faults === undefined ? known.message : `${known.message}: ${faults}`, status);
}

/** A page's token that no list of ours gave out. */
export function invalidToken(): AwsError {
  return new AwsError("InvalidToken", "Invalid Token: 'Invalid token'");
}

/** Runs a verb, and says the problem `code` by the name that this action has for it. */
export async function named<T>(code: ProblemCode, refusal: () => AwsError, verb: () => Promise<T>): Promise<T> {
  try {
    return await verb();
  } catch (error) {
    if (asProblem(error)?.code === code) throw refusal();
    throw error;
  }
}

/** Runs a verb that reads a definition, and lists what is wrong with it the way Step Functions does. */
export async function definitionChecked<T>(verb: () => Promise<T>): Promise<T> {
  try {
    return await verb();
  } catch (error) {
    const known = asProblem(error);
    if (known?.code !== "invalid-definition") throw error;
    throw new AwsError("InvalidDefinition", validationMessage(known.members.diagnostics as Diagnostic[]));
  }
}
