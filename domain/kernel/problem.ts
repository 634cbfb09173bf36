/** One row of the catalogue: everything a client may rely on about a problem type (RFC 9457 section 3.1). */
interface ProblemType {
  status: number;
  title: string;
  /** Whether the same request may succeed later without a change. */
  retryable: boolean;
}

/** Every problem the platform can answer with. HTTP, GraphQL, queues, workflow retriers and docs/problems.md read this table. */
export const PROBLEMS = {
  "malformed-request": { status: 400, title: "The request could not be parsed", retryable: false },
  unauthenticated: { status: 401, title: "Valid credentials are required", retryable: false },
  "second-factor-required": { status: 401, title: "A one-time code is required", retryable: false },
  forbidden: { status: 403, title: "The credentials do not allow this", retryable: false },
  "tenant-suspended": { status: 403, title: "The tenant is suspended", retryable: false },
  "email-not-verified": { status: 403, title: "The e-mail address is not verified", retryable: false },
  "not-found": { status: 404, title: "No such resource", retryable: false },
  "method-not-allowed": { status: 405, title: "The resource does not support this method", retryable: false },
  conflict: { status: 409, title: "The resource changed or already exists", retryable: false },
  "email-taken": { status: 409, title: "The e-mail address is already registered", retryable: false },
  "run-status": { status: 409, title: "The run's status does not allow this", retryable: false },
  "review-decided": { status: 409, title: "The review is already decided", retryable: false },
  "task-answered": { status: 409, title: "The task no longer waits for an answer", retryable: false },
  "last-owner": { status: 409, title: "A tenant keeps at least one owner", retryable: false },
  "request-in-progress": {
    status: 409,
    title: "A request with this idempotency key is still running",
    retryable: true,
  },
  "precondition-failed": { status: 412, title: "The precondition does not hold", retryable: false },
  "payload-too-large": { status: 413, title: "The body is too large", retryable: false },
  "unsupported-media-type": { status: 415, title: "The media type is not supported", retryable: false },
  "validation-failed": { status: 422, title: "The request is not valid", retryable: false },
  "invalid-definition": { status: 422, title: "The workflow definition is not valid", retryable: false },
  "idempotency-key-reused": {
    status: 422,
    title: "The idempotency key was used with another request",
    retryable: false,
  },
  "content-blocked": { status: 422, title: "A guardrail blocked the content", retryable: false },
  "forbidden-target": { status: 422, title: "The address may not be called", retryable: false },
  "document-failed": { status: 422, title: "The document cannot be indexed", retryable: false },
  "rate-limited": { status: 429, title: "Too many requests", retryable: true },
  "quota-exceeded": { status: 429, title: "The quota is used up", retryable: false },
  "internal-error": { status: 500, title: "Something went wrong on our side", retryable: true },
  "provider-failed": { status: 502, title: "The model provider failed", retryable: true },
  "provider-refused": { status: 422, title: "The model provider refused the request", retryable: false },
  unavailable: { status: 503, title: "A dependency is unavailable", retryable: true },
  "provider-timeout": { status: 504, title: "The model provider did not answer in time", retryable: true },
} as const satisfies Record<string, ProblemType>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One invalid member of a request: a JSON pointer into the body, or a name led by `?`, `/` or a header's name. */
export interface InvalidMember {
  pointer: string;
  detail: string;
  code?: string;
}

export interface ProblemDetails {
  detail?: string;
  errors?: InvalidMember[];
  retryAfterSeconds?: number;
  cause?: unknown;
  /** Members of this type of problem, shown to the client as they are. */
  members?: Readonly<Record<string, unknown>>;
}

/** The verb cannot do what was asked: an expected failure whose text may reach the client. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly errors: InvalidMember[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? PROBLEMS[code].title, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.errors = details.errors;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.members = details.members ?? {};
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  get retryable(): boolean {
    return PROBLEMS[this.code].retryable;
  }
}

export function problem(code: ProblemCode, details?: ProblemDetails): Problem {
  return new Problem(code, details);
}

/**
 * Recognises a problem on this side of an object's RPC border, where an error keeps its own members but not its class, and behind
 * the query that failed for it.
 */
export function asProblem(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof Error && error.message.startsWith("Failed query:")) return asProblem(error.cause);
  if (!(error instanceof Error) || error.name !== "Problem") return null;
  const { code, errors, retryAfterSeconds, members } = error as Partial<Problem>;
  if (code === undefined || !Object.hasOwn(PROBLEMS, code)) return null;
  return new Problem(code, {
    detail: error.message,
    ...(errors && { errors }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(members && { members }),
    cause: error,
  });
}

export function notFound(noun: string): Problem {
  return problem("not-found", { detail: `No such ${noun}.` });
}
