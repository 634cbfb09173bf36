// The platform as the demo sees it: nothing but its public HTTP API.

/** Nobody answered: the server is down, starting, or went away in the middle. The same request may succeed later. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The server answered with a problem (RFC 9457). */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Api {
  readonly url: string;
  get<T>(path: string): Promise<T>;
  /** With a key, a repetition has no second effect. */
  send<T>(method: "POST" | "PUT", path: string, body: unknown, idempotencyKey?: string): Promise<T>;
  /** The answer itself, for streams. */
  open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  /** The same server, as another principal. */
  as(token: string): Api;
}

const MAX_ANSWER_MS = 30_000;

export function connect(url: string, token: string | null = null): Api {
  const call = async (path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> => {
    const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const response = await reached(fetch(url + path, { ...init, headers: { ...authorization, ...init.headers } }));
    if (response.ok) return response;
    throw refusalOf(response.status, await reached(response.text()));
  };
  return {
    url,
    get: async (path) => bodyOf(await call(path, { signal: AbortSignal.timeout(MAX_ANSWER_MS) })),
    send: async (method, path, body, idempotencyKey) => {
      const headers = {
        "content-type": "application/json",
        ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
      };
      const signal = AbortSignal.timeout(MAX_ANSWER_MS);
      return bodyOf(await call(path, { method, headers, body: JSON.stringify(body), signal }));
    },
    open: (path, headers, signal) => call(path, { headers, signal }),
    as: (other) => connect(url, other),
  };
}

/** The caller names the type that the operation's entry in the OpenAPI document promises; the server's tests keep that promise. */
async function bodyOf<T>(response: Response): Promise<T> {
  const text = await reached(response.text());
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Refused(response.status, "unknown", "The answer is not JSON.");
  }
}

/** What fetch and body readers reject with is always the connection, never the answer. */
async function reached<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Unreachable("The server does not answer.", { cause: error });
  }
}

// Problems that say "not now": what stands before the server, or a dependency of it, is starting or restarting.
const PASSING = [502, 503, 504];

function refusalOf(status: number, text: string): Error {
  if (PASSING.includes(status)) return new Unreachable(`The server answered ${status}.`);
  const { code, detail, title, errors } = problemIn(text);
  const places = errors?.map((error) => `${error.pointer} ${error.detail}`).join("; ");
  return new Refused(
    status,
    code ?? "unknown",
    [detail ?? title ?? `HTTP ${status}`, places].filter(Boolean).join(" "),
  );
}

interface ProblemBody {
  code?: string;
  title?: string;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}

function problemIn(text: string): ProblemBody {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
