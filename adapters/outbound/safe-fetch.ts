import { type Problem, problem } from "../../domain/kernel/problem.ts";
import type { Outbound, OutboundRequest, OutboundResponse } from "../../services/ports.ts";
import { boundedText } from "./bounded-text.ts";
import { dnsOverHttps } from "./dns-over-https.ts";
import { isPublicAddress, judgeTarget, type TargetRules } from "./judge-target.ts";

// The only way out of the platform.
//   O1  No call leaves before its target was judged; a redirect is an answer like any other and is not followed.
//   O2  `timeoutMs` bounds the wait for the answer and the reading of its text. Taking the stream ends the bound: who streams
//       watches for silence.
//   O3  A text is never read past `maxBytes`.
//   O4  What a name resolves to can change between the look-up and the call, and a Worker cannot pin an address. In production
//       the network does not route to private ranges; elsewhere that risk stays.
//   O5  A call that may be repeated (RFC 9110 section 9.2.2) leaves once more where its connection was lost before an answer came:
//       a server closes connections at rest whenever it likes, also while a call is on its way to it.

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface SafeFetchOptions extends TargetRules {
  /** How a call leaves once its target was judged; `fetch` where absent. */
  fetch?: Fetch;
  /** Addresses of a name, to refuse names that point into private ranges. Absent where no resolver can be reached. */
  resolve?: (hostname: string) => Promise<string[]>;
}

/** Looks names up before they are called. For where the Worker is deployed: a laptop may have no network. */
export function networkResolver(now: () => number): (hostname: string) => Promise<string[]> {
  return dnsOverHttps((url, init) => fetch(url, init), now);
}

/** Enough for an API's answer, and far below the memory of an isolate. */
const DEFAULT_MAX_BYTES = 10 * 1_048_576;

/** Connection-level, set by the runtime, or trusted by others for who we are: never taken from a caller. */
const RESERVED_HEADER =
  /^(?:host|connection|content-length|transfer-encoding|upgrade|keep-alive|te|trailer|expect|via|forwarded|proxy-.*|cf-.*|x-forwarded-.*|x-real-ip)$/i;

const IDEMPOTENT_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

export function safeFetch(options: SafeFetchOptions): Outbound {
  const leave: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  return {
    judge: (url) => judgeTarget(url, options),
    async fetch(request) {
      const judgement = judgeTarget(request.url, options);
      if (!judgement.allowed) throw forbidden(judgement.reason);
      if (options.resolve !== undefined) await refusePrivateName(request.url, options.resolve);
      return send(request, leave);
    },
  };
}

async function send(request: OutboundRequest, leave: Fetch): Promise<OutboundResponse> {
  const headers = outgoingHeaders(request.headers ?? {});
  const stop = new AbortController();
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    stop.abort(new Error("timeout"));
  }, request.timeoutMs);
  const failure = (error: unknown): unknown => {
    clearTimeout(timer);
    if (request.signal?.aborted) return request.signal.reason;
    return isTimedOut ? unreachable("timeout", `No answer within ${request.timeoutMs} ms.`, error) : asProblem(error);
  };

  const { url, method, body = null } = request;
  const signal = request.signal === undefined ? stop.signal : AbortSignal.any([request.signal, stop.signal]);
  const ask = () => leave(url, { method, headers, body, redirect: "manual", signal });
  const isRepeatable = IDEMPOTENT_METHODS.includes(method.toUpperCase()) || headers.has("idempotency-key");
  let response: Response;
  try {
    response = await ask().catch((error: unknown) => {
      if (signal.aborted || !isRepeatable) throw error;
      return ask();
    });
  } catch (error) {
    throw failure(error);
  }
  return new Answer(response, request.maxBytes ?? DEFAULT_MAX_BYTES, { stop, timer, failure });
}

interface Bound {
  stop: AbortController;
  timer: ReturnType<typeof setTimeout>;
  failure(error: unknown): unknown;
}

class Answer implements OutboundResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly #response: Response;
  readonly #maxBytes: number;
  readonly #bound: Bound;

  constructor(response: Response, maxBytes: number, bound: Bound) {
    this.status = response.status;
    this.headers = response.headers;
    this.#response = response;
    this.#maxBytes = maxBytes;
    this.#bound = bound;
  }

  async text(): Promise<string> {
    const { stop, timer, failure } = this.#bound;
    try {
      return await textOf(this.#response, this.#maxBytes);
    } catch (error) {
      stop.abort();
      throw failure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  get stream(): ReadableStream<Uint8Array> | null {
    clearTimeout(this.#bound.timer);
    return this.#response.body;
  }
}

function outgoingHeaders(asked: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(asked)) {
    if (RESERVED_HEADER.test(name)) continue;
    try {
      headers.append(name, value);
    } catch (cause) {
      throw problem("validation-failed", { detail: "A header of the outgoing request is not valid.", cause });
    }
  }
  return headers;
}

async function refusePrivateName(text: string, resolve: (hostname: string) => Promise<string[]>): Promise<void> {
  const { hostname } = new URL(text);
  if (/^\[|^[\d.]+$/.test(hostname)) return;
  const addresses = await resolve(hostname).catch((error: unknown) => Promise.reject(asProblem(error)));
  if (!addresses.every(isPublicAddress)) throw forbidden("is a name of a private address");
}

function textOf(response: Response, maxBytes: number): Promise<string> | string {
  if (response.body === null) return "";
  if (declaredBytes(response.headers) <= maxBytes) return response.text();
  return boundedText(response.body, maxBytes, () =>
    unreachable("too-large", `The answer is larger than ${maxBytes} bytes.`),
  );
}

/** The length that the transport holds the body to; none where it is compressed, since that tells nothing of the text. */
function declaredBytes(headers: Headers): number {
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") ? Number.POSITIVE_INFINITY : Number(length);
}

function forbidden(reason: string): Problem {
  return problem("forbidden-target", { detail: `The address ${reason}.` });
}

/** `reason` tells callers apart what a client need not know: `timeout`, `too-large`, `network`. */
function unreachable(reason: string, detail: string, cause?: unknown): Problem {
  return problem("unavailable", { detail, members: { reason }, ...(cause !== undefined && { cause }) });
}

function asProblem(error: unknown): unknown {
  if (error instanceof Error && error.name === "Problem") return error;
  return unreachable("network", "The address cannot be reached.", error);
}
