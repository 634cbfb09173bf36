import { exports } from "cloudflare:workers";
import { testSecrets } from "./secrets.ts";

export const ORIGIN = "http://weft.test";

export interface CallInit {
  method?: string;
  /** Sent as JSON; GET when there is none and no method, else POST. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** The body as JSON; null when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of a body, and a wrong shape fails it
  body: any;
}

/** One request to the Worker, through all of its middleware. */
export async function call(path: string, init: CallInit = {}): Promise<Answer> {
  const response = await send(path, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}

/** The response itself, for streams and for bodies that are not JSON. */
export function send(path: string, { method, body, headers }: CallInit = {}): Promise<Response> {
  const request = new Request(`${ORIGIN}${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return exports.default.fetch(request);
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

export function callAsOperator(path: string, init: CallInit = {}): Promise<Answer> {
  return call(path, { ...init, headers: { ...bearer(testSecrets().OPERATOR_TOKEN ?? ""), ...init.headers } });
}
