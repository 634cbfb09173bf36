import { isJsonObject, type JsonObject } from "../../domain/kernel/json.ts";
import { asProblem, type Problem, problem } from "../../domain/kernel/problem.ts";
import { piiSpans } from "../../domain/llm/pii.ts";
import { redactedText } from "../../domain/llm/span.ts";

/** What a client may be told of a provider's own words. */
const MAX_MESSAGE = 500;

export interface ProviderAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** By our own clock, in milliseconds. */
  receivedAt: number;
}

/** A provider's refusal or failure as our problem; its own error stays beside it for clients that speak its format. */
export function providerProblem(provider: string, { status, headers, text, receivedAt }: ProviderAnswer): Problem {
  const error = providerError(text);
  const retryAfterMs = retryAfter(headers, receivedAt);
  const details = {
    members: { provider, providerStatus: status, ...(error !== null && { providerError: error }) },
    ...(retryAfterMs !== null && { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) }),
  };
  if (status === 401 || status === 403) {
    // The provider's words may repeat a part of the key.
    return problem("provider-refused", {
      detail: `The provider ${provider} refused its credentials.`,
      members: { provider, providerStatus: status },
    });
  }
  const said = error === null ? "" : `: ${error.message}`;
  if (isRefusal(status, error)) {
    const why = said === "" ? ` (status ${status})` : said;
    return problem("provider-refused", { ...details, detail: `The provider ${provider} refused${why}` });
  }
  return problem("provider-failed", {
    ...details,
    detail: `The provider ${provider} failed (status ${status})${said}`,
  });
}

/** An answer with a good status whose content is an error, is not JSON, or is no answer. */
export function unusable(provider: string, what: string, text = "", cause?: unknown): Problem {
  const error = providerError(text);
  return problem("provider-failed", {
    detail: `The provider ${provider} sent ${what}${error === null ? "" : `: ${error.message}`}.`,
    members: { provider, ...(error !== null && { providerError: error }) },
    ...(cause !== undefined && { cause }),
  });
}

/** What kept a call from getting an answer, in the terms of the port. `lost`: what the loss of the connection means. */
export function callProblem(provider: string, error: unknown, lost = "cannot be reached"): unknown {
  const known = asProblem(error);
  if (known?.code !== "unavailable") return error;
  if (known.members.reason === "timeout") {
    return problem("provider-timeout", {
      detail: `The provider ${provider} did not answer in time.`,
      members: { provider },
      cause: error,
    });
  }
  const what = known.members.reason === "too-large" ? "sent too much" : lost;
  return problem("provider-failed", {
    detail: `The provider ${provider} ${what}.`,
    members: { provider },
    cause: error,
  });
}

/** Milliseconds to wait by the provider's word: `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110 section 10.2.3). */
export function retryAfter(headers: Headers, receivedAt: number): number | null {
  const ms = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const text = headers.get("retry-after");
  if (text === null) return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  // Every form of a date begins with the day's name; of other texts the runtime would guess a year.
  const until = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  // It is taken against the provider's own clock where that is told, so that neither side's error matters.
  const since = Date.parse(headers.get("date") ?? "");
  const wait = until - (Number.isFinite(since) ? since : receivedAt);
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

export interface ProviderError {
  message: string;
  type: string | null;
  param: string | null;
  code: string | null;
}

/** The `error` that OpenAI, Anthropic and most others send, in OpenAI's form; some say it beside no such member. */
export function providerError(text: string): ProviderError | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isJsonObject(body)) return null;
  const words = textOf(body.message) ?? detailOf(body);
  const error: unknown = body.error ?? (words === null ? null : { ...body, message: words });
  if (typeof error === "string") return { message: shortened(error), type: null, param: null, code: null };
  if (!isJsonObject(error)) return null;
  return {
    message: shortened(textOf(error.message) ?? "no message"),
    type: textOf(error.type),
    param: textOf(error.param),
    code: textOf(error.code),
  };
}

/** How FastAPI words a refusal, and with it vLLM and other servers written in Python: a text, or a list of faults. */
function detailOf({ detail }: JsonObject): string | null {
  return Array.isArray(detail) ? JSON.stringify(detail) : textOf(detail);
}

function isRefusal(status: number, error: ProviderError | null): boolean {
  if (status === 429) return error?.code === "insufficient_quota" || error?.type === "insufficient_quota";
  return status >= 400 && status < 500 && status !== 408 && status !== 409;
}

/** Providers repeat the key that they refuse, and not always with the status that says so. */
function shortened(words: string): string {
  const text = redactedText(words, piiSpans(words, ["api-key"]));
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}...` : text;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}
