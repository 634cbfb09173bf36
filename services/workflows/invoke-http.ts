import * as z from "zod";
import type { Json } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { callEndpoint } from "../limits/call-endpoint.ts";
import type { OutboundResponse } from "../ports.ts";
import { functionAccess } from "./known-functions.ts";
import { argumentsOf, invalidArguments, TaskFailure } from "./task-arguments.ts";
import type { TaskCall } from "./task-call.ts";

// `arn:aws:states:::http:invoke`, with the arguments and the result of Step Functions. A connection is the function of its name:
// its headers are added, and only where the endpoint has the function's own origin.

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const Arguments = z.looseObject({
  ApiEndpoint: z.url({ protocol: /^https?$/ }),
  Method: z.enum(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]),
  Headers: z.record(z.string(), z.union([text, z.array(text)])).optional(),
  QueryParameters: z.record(z.string(), z.union([text, z.array(text)])).optional(),
  RequestBody: z.json().optional(),
  Authentication: z.looseObject({ ConnectionArn: z.string() }).optional(),
  Transform: z.looseObject({ RequestBodyEncoding: z.enum(["NONE", "URL_ENCODED"]).default("NONE") }).optional(),
});
type Arguments = z.infer<typeof Arguments>;

// ASL: an HTTP task ends after 60 seconds.
const TIMEOUT_MS = 60_000;
const CONNECTION = /^arn:[a-z-]+:events:[^:]*:[^:]*:connection\/([A-Za-z0-9_-]{1,64})(?:\/|$)/;

export async function invokeHttp(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const request = argumentsOf(Arguments, task.input);
  const url = addressOf(request);
  const { body, contentType } = bodyOf(request);
  const headers = {
    ...(contentType !== null && { "content-type": contentType }),
    "idempotency-key": task.key,
    ...lowerCased(request.Headers ?? {}),
    ...(await connectionHeaders(ctx, request, url)),
  };
  const { response, text: answer } = await answerOf(task, () =>
    callEndpoint(ctx, {
      url: url.href,
      method: request.Method,
      headers,
      body,
      timeoutMs: TIMEOUT_MS,
      maxBytes: task.maxPayloadBytes,
      signal: task.signal,
    }),
  );
  if (response.status >= 400) throw new TaskFailure(`States.Http.StatusCode.${response.status}`, answer);
  return {
    Headers: Object.fromEntries([...response.headers].map(([name, value]) => [name, [value]])),
    ResponseBody: shown(response.headers, answer),
    StatusCode: response.status,
    StatusText: STATUS_TEXT[response.status] ?? "",
  };
}

const STATUS_TEXT: Record<number, string> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
};

function addressOf({ ApiEndpoint, QueryParameters }: Arguments): URL {
  const url = new URL(ApiEndpoint);
  for (const [name, value] of Object.entries(QueryParameters ?? {})) {
    for (const one of [value].flat()) url.searchParams.append(name, one);
  }
  return url;
}

function bodyOf({ RequestBody, Transform, Headers }: Arguments): { body: string | null; contentType: string | null } {
  if (RequestBody === undefined) return { body: null, contentType: null };
  const isForm = Transform?.RequestBodyEncoding === "URL_ENCODED";
  if (isForm) return { body: formOf(RequestBody), contentType: "application/x-www-form-urlencoded" };
  const given = Object.entries(Headers ?? {}).find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const isText = typeof RequestBody === "string" && given !== undefined && !String(given).includes("json");
  return { body: isText ? RequestBody : JSON.stringify(RequestBody), contentType: "application/json" };
}

function formOf(value: Json): string {
  if (!isJsonObject(value))
    throw invalidArguments([{ pointer: "/RequestBody", detail: "is an object to be URL_ENCODED" }]);
  const form = new URLSearchParams();
  for (const [name, member] of Object.entries(value)) {
    for (const one of [member].flat()) form.append(name, typeof one === "string" ? one : JSON.stringify(one));
  }
  return form.toString();
}

async function connectionHeaders(
  ctx: ServiceContext,
  { Authentication }: Arguments,
  url: URL,
): Promise<Readonly<Record<string, string>>> {
  if (Authentication === undefined) return {};
  const [, name] = CONNECTION.exec(Authentication.ConnectionArn) ?? [];
  const access = name === undefined ? null : await functionAccess(ctx, name);
  if (access !== null && new URL(access.url).origin === url.origin) return access.headers;
  throw new TaskFailure(
    "Events.ConnectionResource.InvalidConnectionState",
    `No function ${name ?? Authentication.ConnectionArn} for ${url.origin} holds the credentials of this connection.`,
  );
}

function lowerCased(headers: Readonly<Record<string, string | string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat().join(", ")]),
  );
}

async function answerOf(
  task: TaskCall,
  send: () => Promise<OutboundResponse>,
): Promise<{ response: OutboundResponse; text: string }> {
  try {
    const response = await send();
    return { response, text: await response.text() };
  } catch (error) {
    const reason = asProblem(error)?.members.reason;
    if (task.signal.aborted) throw error;
    if (reason === "too-large") {
      throw new TaskFailure("States.DataLimitExceeded", `The endpoint answered over ${task.maxPayloadBytes} bytes.`);
    }
    if (reason === "timeout" || reason === "network") {
      throw new TaskFailure("States.Http.Socket", "The endpoint could not be reached, or did not answer in time.");
    }
    throw error;
  }
}

function shown(headers: Headers, answer: string): Json {
  if (!(headers.get("content-type") ?? "").includes("json")) return answer;
  try {
    return JSON.parse(answer) as Json;
  } catch {
    return answer;
  }
}
