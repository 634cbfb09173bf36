import * as z from "zod";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import type { Json, JsonObject } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import { asProblem, notFound } from "../../domain/kernel/problem.ts";
import { webhookHeaders } from "../../domain/kernel/standard-webhooks.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { traceparent } from "../../domain/kernel/trace.ts";
import { functionNameOf } from "../../domain/workflows/function.ts";
import type { ServiceContext } from "../context.ts";
import { callEndpoint } from "../limits/call-endpoint.ts";
import type { OutboundResponse } from "../ports.ts";
import { type FunctionAccess, functionAccess } from "./known-functions.ts";
import { argumentsOf, TaskFailure } from "./task-arguments.ts";
import type { TaskCall } from "./task-call.ts";

// Tasks that call a named function, in our words and as Lambda.
//   C1  One task is one request: what is to be tried again stands in the state's Retry, nowhere else. The way out alone repeats
//       a request whose connection was lost before an answer came, with the same key.
//   C2  The request of one attempt carries the same key after a crash, so that a function can tell a repetition.

/** An answer may be written with more white space than a result is measured by; beyond this the rest is of no use. */
const MIN_ANSWER_BYTES = 1_048_576;

/** `key` is the idempotency key outside. */
type Attempt = Pick<TaskCall, "key" | "signal" | "maxPayloadBytes">;

const WeftArguments = z.strictObject({ name: z.string(), payload: z.json().optional() });
const LambdaArguments = z.looseObject({ FunctionName: z.string(), Payload: z.json().optional() });

/** `weft:function:call` */
export async function callNamedFunction(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { name, payload } = argumentsOf(WeftArguments, task.input);
  return callFunction(ctx, name, payload ?? {}, task);
}

/** One call of the tenant's function of that name. What the function says went wrong is thrown as a TaskFailure. */
export async function callFunction(ctx: ServiceContext, name: string, payload: Json, attempt: Attempt): Promise<Json> {
  const access = await functionAccess(ctx, name);
  if (access === null) throw notFound("function");
  return call(ctx, attempt, access, payload);
}

/** A Lambda ARN as the resource: the state's input is the payload, the function's answer the result. */
export async function callLambda(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  return call(ctx, task, await lambda(ctx, task.resource), task.input);
}

/** `arn:aws:states:::lambda:invoke`: the answer comes in Lambda's envelope. */
export async function invokeLambda(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { FunctionName, Payload } = argumentsOf(LambdaArguments, task.input);
  const payload = await call(ctx, task, await lambda(ctx, FunctionName), Payload ?? {});
  return envelope(ctx, payload);
}

export function isLambdaArn(resource: string): boolean {
  return /^arn:[a-z-]+:lambda:/.test(resource);
}

async function lambda(ctx: ServiceContext, reference: string): Promise<FunctionAccess> {
  const name = functionNameOf(reference);
  const access = name === null ? null : await functionAccess(ctx, name);
  if (access !== null) return access;
  const request = `Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: ${ctx.requestId}`;
  throw new TaskFailure(
    "Lambda.ResourceNotFoundException",
    `Function not found: ${reference} (${request}; Proxy: null)`,
  );
}

async function call(ctx: ServiceContext, attempt: Attempt, access: FunctionAccess, payload: Json): Promise<Json> {
  const body = JSON.stringify(payload);
  // An id of Standard Webhooks has no dot, and a task's key may.
  const id = `msg_${sha256Hex(attempt.key).slice(0, 32)}`;
  const signature = access.secret === null ? {} : webhookHeaders(access.secret, { id, at: ctx.clock.now(), body });
  const { response, text } = await answerOf(attempt, access, () =>
    callEndpoint(ctx, {
      url: access.url,
      method: "POST",
      headers: {
        accept: "application/json",
        ...access.headers,
        "content-type": "application/json",
        "idempotency-key": attempt.key,
        traceparent: traceparent(ctx.trace),
        ...signature,
      },
      body,
      timeoutMs: access.timeoutSeconds * SECOND_MS,
      maxBytes: answerBytes(attempt),
      signal: attempt.signal,
    }),
  );
  const result = parsed(text);
  const isFine = response.status >= 200 && response.status < 300 && !response.headers.has("x-amz-function-error");
  if (isFine && result !== undefined) return result;
  throw new TaskFailure(errorOf(response.status, result), text);
}

async function answerOf(
  attempt: Attempt,
  access: FunctionAccess,
  send: () => Promise<OutboundResponse>,
): Promise<{ response: OutboundResponse; text: string }> {
  try {
    const response = await send();
    return { response, text: await response.text() };
  } catch (error) {
    const reason = asProblem(error)?.members.reason;
    if (attempt.signal.aborted) throw error;
    if (reason === "timeout") {
      throw new TaskFailure(
        "States.Timeout",
        `The function ${access.name} took over ${access.timeoutSeconds} seconds.`,
      );
    }
    if (reason === "too-large") {
      throw new TaskFailure(
        "States.DataLimitExceeded",
        `The function ${access.name} answered over ${answerBytes(attempt)} bytes.`,
      );
    }
    throw error;
  }
}

function answerBytes({ maxPayloadBytes }: Attempt): number {
  return Math.max(MIN_ANSWER_BYTES, 2 * maxPayloadBytes);
}

/** `undefined` for what is no JSON; no text at all is null, as a function that returns nothing answers. */
function parsed(text: string): Json | undefined {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** What the function says itself, as Lambda's runtimes do; else the status, as for a call over HTTP. */
function errorOf(status: number, result: Json | undefined): string {
  const named = isJsonObject(result) ? result.errorType : undefined;
  if (typeof named === "string" && named !== "") return named;
  return status >= 200 && status < 300 ? "States.TaskFailed" : `States.Http.StatusCode.${status}`;
}

function envelope(ctx: ServiceContext, payload: Json): JsonObject {
  const headers = {
    Connection: "keep-alive",
    "Content-Length": String(Buffer.byteLength(JSON.stringify(payload))),
    "Content-Type": "application/json",
    Date: new Date(ctx.clock.now()).toUTCString(),
    "X-Amz-Executed-Version": "$LATEST",
    "x-amzn-Remapped-Content-Length": "0",
    "x-amzn-RequestId": ctx.requestId,
    "X-Amzn-Trace-Id": `root=1-${ctx.trace.traceId.slice(0, 8)}-${ctx.trace.traceId.slice(8)};sampled=0`,
  };
  return {
    ExecutedVersion: "$LATEST",
    Payload: payload,
    SdkHttpMetadata: {
      AllHttpHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      HttpHeaders: headers,
      HttpStatusCode: 200,
    },
    SdkResponseMetadata: { RequestId: ctx.requestId },
    StatusCode: 200,
  };
}
