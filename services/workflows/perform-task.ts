import * as z from "zod";
import type { Json } from "../../domain/kernel/json.ts";
import { isJsonObject } from "../../domain/kernel/json.ts";
import { asProblem, problem } from "../../domain/kernel/problem.ts";
import { AnswerRequest } from "../../domain/knowledge/answer.ts";
import { SearchRequest } from "../../domain/knowledge/search.ts";
import { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { ServiceContext } from "../context.ts";
import { answerQuestion } from "../knowledge/answer-question.ts";
import { searchKnowledge } from "../knowledge/search-knowledge.ts";
import { completeChat } from "../llm/complete-chat.ts";

/** What a Task state asks of the platform. `key` is unique to this attempt and the same after a crash: the idempotency key outside. */
export interface TaskCall {
  runId: string;
  key: string;
  state: string;
  resource: string;
  input: Json;
  signal: AbortSignal;
}

export type TaskOutcome =
  | { kind: "succeeded"; output: Json }
  | { kind: "failed"; error: string; cause: string }
  /** The work goes on elsewhere; its answer comes with the task's token. */
  | { kind: "submitted" };

type Performer = (ctx: ServiceContext, task: TaskCall) => Promise<Json>;

const PERFORMERS: Record<string, Performer> = {
  "weft:llm:chat": chat,
  "weft:knowledge:search": search,
  "weft:knowledge:answer": answer,
  "weft:http:request": httpRequest,
};

/** Does the work of a Task state. Total: whatever goes wrong is a failed outcome with an ASL error name. */
export async function performTask(ctx: ServiceContext, task: TaskCall): Promise<TaskOutcome> {
  const resource = task.resource.replace(/\.waitForTaskToken$/, "");
  const perform = PERFORMERS[resource];
  if (perform === undefined) {
    return { kind: "failed", error: "States.TaskFailed", cause: `No resource ${task.resource} on this platform.` };
  }
  try {
    const output = await perform(ctx, task);
    return resource === task.resource ? { kind: "succeeded", output } : { kind: "submitted" };
  } catch (error) {
    return failure(ctx, task, error);
  }
}

async function chat(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const request = argumentsOf(ChatCompletionRequest, task.input);
  if (request.stream === true) throw invalid([{ pointer: "/stream", detail: "a task takes the whole answer" }]);
  return (await completeChat(ctx, request, callOf(task))) as unknown as Json;
}

const InBase = z.looseObject({ knowledgeBaseId: z.string() });

async function search(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { knowledgeBaseId, ...rest } = argumentsOf(InBase, task.input);
  return (await searchKnowledge(ctx, knowledgeBaseId, argumentsOf(SearchRequest, rest as Json))) as unknown as Json;
}

async function answer(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { knowledgeBaseId, ...rest } = argumentsOf(InBase, task.input);
  const request = argumentsOf(AnswerRequest, rest as Json);
  return (await answerQuestion(ctx, knowledgeBaseId, request, callOf(task))) as unknown as Json;
}

const HttpArguments = z.strictObject({
  method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).default("GET"),
  url: z.url(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.json().optional(),
});
// ASL: an HTTP task's socket times out after 60 seconds, and its result has at most 256 KiB.
const HTTP_TIMEOUT_MS = 60_000;
const HTTP_MAX_BYTES = 262_144;
const OWN_HEADERS = new Set(["connection", "keep-alive", "transfer-encoding", "set-cookie"]);

async function httpRequest(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { method, url, headers, body } = argumentsOf(HttpArguments, task.input);
  const isText = typeof body === "string";
  const response = await ctx.ports.outbound.fetch({
    url,
    method,
    headers: {
      ...(body !== undefined && { "content-type": isText ? "text/plain; charset=utf-8" : "application/json" }),
      "idempotency-key": task.key,
      ...headers,
    },
    body: body === undefined ? null : isText ? body : JSON.stringify(body),
    timeoutMs: HTTP_TIMEOUT_MS,
    maxBytes: HTTP_MAX_BYTES,
    signal: task.signal,
  });
  const text = await response.text();
  if (response.status >= 400) throw new TaskFailure(`States.Http.StatusCode.${response.status}`, text);
  const shown = [...response.headers].filter(([name]) => !OWN_HEADERS.has(name));
  return { status: response.status, headers: Object.fromEntries(shown), body: bodyOf(response.headers, text) };
}

function bodyOf(headers: Headers, text: string): Json {
  if (!(headers.get("content-type") ?? "").includes("json")) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** A failure whose ASL name the performer knows. */
class TaskFailure extends Error {
  readonly error: string;
  constructor(error: string, cause: string) {
    super(cause);
    this.error = error;
  }
}

function failure(ctx: ServiceContext, task: TaskCall, error: unknown): TaskOutcome {
  if (error instanceof TaskFailure) return { kind: "failed", error: error.error, cause: error.message };
  const known = asProblem(error);
  if (known !== null) {
    const faults = known.errors?.map((fault) => `${fault.pointer} ${fault.detail}`).join("; ");
    return { kind: "failed", error: `Weft.${pascal(known.code)}`, cause: faults ?? known.message };
  }
  ctx.log.error("task.defect", error, { runId: task.runId, state: task.state, resource: task.resource });
  ctx.ports.errorTracker.capture(error, { runId: task.runId, state: task.state, resource: task.resource });
  return { kind: "failed", error: "Weft.InternalError", cause: "Something went wrong on our side." };
}

function callOf({ key, runId, signal }: TaskCall): { idempotencyKey: string; runId: string; signal: AbortSignal } {
  return { idempotencyKey: key, runId, signal };
}

function argumentsOf<S extends z.ZodType>(schema: S, input: Json): z.output<S> {
  const result = schema.safeParse(isJsonObject(input) ? input : {});
  if (result.success) return result.data;
  throw invalid(result.error.issues.map(({ path, message }) => ({ pointer: `/${path.join("/")}`, detail: message })));
}

function invalid(errors: { pointer: string; detail: string }[]) {
  return problem("validation-failed", { errors });
}

function pascal(code: string): string {
  return code.replaceAll(/(?:^|-)(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
