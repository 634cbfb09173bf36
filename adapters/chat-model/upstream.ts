import { asProblem, type Problem } from "../../domain/kernel/problem.ts";
import { backoff } from "../../domain/kernel/retry.ts";
import type { Clock } from "../../domain/kernel/time.ts";
import type { ModelCall, ProviderAccess } from "../../services/llm/ports.ts";
import type { Outbound, OutboundResponse } from "../../services/ports.ts";
import { callProblem, providerProblem, retryAfter } from "./provider-problem.ts";

// One call to a provider, with its retries.
//   U1  Only what a repeat can mend is repeated: no connection, 408, 409, 429, 5xx; never once an answer has begun.
//   U2  Attempts and the waits between them stay within the provider's `timeoutMs` and the call's `answerBy`; a `Retry-After` beyond
//       them ends the call.

export interface UpstreamOptions {
  outbound: Outbound;
  clock: Clock;
  random: { next(): number };
}

export interface UpstreamRequest {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  body?: unknown;
  /** Longest text that is read. */
  maxBytes?: number;
}

/** OpenAI's own clients make as many. */
const DEFAULT_MAX_ATTEMPTS = 3;
const BACKOFF = { firstMs: 300, factor: 2, maxMs: 8_000 };
const MAX_ERROR_BYTES = 65_536;
/** An answer of a hundred thousand tokens with log-probabilities has a few megabytes. */
const MAX_ANSWER_BYTES = 32 * 1_048_576;

/** An address below the provider's own; what its address asks for in a query (`?api-version=...`) stays. */
export function endpoint(baseUrl: string, path: string, query: Record<string, string> = {}): string {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  url.hash = "";
  return url.href;
}

/** The provider's answer with status 2xx. Anything else is thrown as a problem. */
export async function callUpstream(
  { outbound, clock, random }: UpstreamOptions,
  provider: ProviderAccess,
  request: UpstreamRequest,
  call: ModelCall,
): Promise<OutboundResponse> {
  const deadline = clock.now() + timeLimitMs(provider, call, clock);
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  for (let attempt = 1; ; attempt++) {
    let failure: Problem;
    let waitMs = backoff(BACKOFF, attempt, random.next());
    try {
      const response = await outbound.fetch({
        url: request.url,
        method: request.method,
        headers: headersOf(request, call),
        body,
        timeoutMs: Math.max(1, deadline - clock.now()),
        maxBytes: request.maxBytes ?? MAX_ANSWER_BYTES,
        ...(call.signal && { signal: call.signal }),
      });
      if (response.status >= 200 && response.status < 300) return response;
      const text = (await response.text().catch(() => "")).slice(0, MAX_ERROR_BYTES);
      const { status, headers } = response;
      failure = providerProblem(provider.name, { status, headers, text, receivedAt: clock.now() });
      if (!isWorthRepeating(response, failure)) throw failure;
      waitMs = retryAfter(headers, clock.now()) ?? waitMs;
    } catch (error) {
      const translated = callProblem(provider.name, error);
      const known = asProblem(translated);
      if (known === null || !isUnreached(known)) throw translated;
      failure = known;
    }
    if (attempt >= (call.maxAttempts ?? DEFAULT_MAX_ATTEMPTS) || clock.now() + waitMs >= deadline) throw failure;
    await delay(waitMs, call.signal);
  }
}

/** How long a call that begins now may take. */
export function timeLimitMs({ timeoutMs }: ProviderAccess, { answerBy }: ModelCall, clock: Clock): number {
  return answerBy === undefined ? timeoutMs : Math.min(timeoutMs, answerBy - clock.now());
}

/** Reads the text of an answer, with the failures of the way translated. */
export async function answerText(provider: ProviderAccess, response: OutboundResponse): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw callProblem(provider.name, error, "broke off its answer");
  }
}

/** Media types are compared in any case (RFC 9110 section 8.3.1). */
export function isEventStream({ headers }: OutboundResponse): boolean {
  return (headers.get("content-type") ?? "").toLowerCase().includes("text/event-stream");
}

function headersOf(request: UpstreamRequest, call: ModelCall): Record<string, string> {
  return {
    accept: "application/json",
    ...(request.body !== undefined && { "content-type": "application/json" }),
    ...(call.idempotencyKey !== undefined && { "idempotency-key": call.idempotencyKey }),
    ...request.headers,
  };
}

function isWorthRepeating(response: OutboundResponse, failure: Problem): boolean {
  const word = response.headers.get("x-should-retry");
  if (word === "true" || word === "false") return word === "true";
  return failure.code === "provider-failed" && (response.status >= 500 || [408, 409, 429].includes(response.status));
}

/** A failure before any answer; one with a status was judged where the status was known. */
function isUnreached(failure: Problem): boolean {
  return failure.code === "provider-failed" && failure.members.providerStatus === undefined;
}

/** Waits, and stops waiting with the signal's reason. */
function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
