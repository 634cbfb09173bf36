import * as z from "zod";
import type { Json } from "../../domain/kernel/json.ts";
import { asProblem } from "../../domain/kernel/problem.ts";
import { AnswerRequest } from "../../domain/knowledge/answer.ts";
import { SearchRequest } from "../../domain/knowledge/search.ts";
import { ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { activityOfArn } from "../../domain/workflows/arn.ts";
import type { ServiceContext } from "../context.ts";
import { answerQuestion } from "../knowledge/answer-question.ts";
import { searchKnowledge } from "../knowledge/search-knowledge.ts";
import { callEndpoint } from "../limits/call-endpoint.ts";
import { completeChat } from "../llm/complete-chat.ts";
import { embedTexts } from "../llm/embed-texts.ts";
import { offerActivityTask } from "./activity-tasks.ts";
import { callLambda, callNamedFunction, invokeLambda, isLambdaArn } from "./call-function.ts";
import { startChildRun, startsRun } from "./child-runs.ts";
import { invokeHttp } from "./invoke-http.ts";
import { publishEvent } from "./publish-event.ts";
import { argumentsOf, invalidArguments, TaskFailure } from "./task-arguments.ts";
import type { TaskCall, TaskOutcome } from "./task-call.ts";

type Performer = (ctx: ServiceContext, task: TaskCall) => Promise<Json>;

const PERFORMERS: Record<string, Performer> = {
  "weft:llm:chat": chat,
  "weft:llm:embed": embed,
  "weft:knowledge:search": search,
  "weft:knowledge:answer": answer,
  "weft:http:request": httpRequest,
  "weft:function:call": callNamedFunction,
  "weft:event:publish": publishEvent,
  "arn:aws:states:::lambda:invoke": invokeLambda,
  "arn:aws:states:::http:invoke": invokeHttp,
};

/** A function of the test fixtures that calls nobody, so that what a step takes is the engine's own. */
const ECHO = "arn:aws:lambda:test:000000000000:function:echo";

/** Does the work of a Task state. Total: whatever goes wrong is a failed outcome with an ASL error name. */
export async function performTask(ctx: ServiceContext, task: TaskCall): Promise<TaskOutcome> {
  const resource = task.resource.replace(/\.waitForTaskToken$/, "");
  const waitsForToken = resource !== task.resource;
  try {
    const outcome = await perform(ctx, { ...task, resource });
    return waitsForToken && outcome.kind === "succeeded" ? { ...outcome, kind: "submitted" } : outcome;
  } catch (error) {
    return failure(ctx, task, error);
  }
}

async function perform(ctx: ServiceContext, task: TaskCall): Promise<TaskOutcome> {
  if (startsRun(task.resource)) return startChildRun(ctx, task);
  if (activityOfArn(task.resource) !== null) return offerActivityTask(ctx, task);
  if (task.resource === ECHO && ctx.settings.hasTestFixtures) return echo(task);
  const performer = isLambdaArn(task.resource) ? callLambda : PERFORMERS[task.resource];
  if (performer !== undefined) return { kind: "succeeded", output: await performer(ctx, task) };
  throw new TaskFailure("States.TaskFailed", `No resource ${task.resource} on this platform.`);
}

async function echo({ input, onDisk }: TaskCall): Promise<TaskOutcome> {
  await onDisk?.();
  return { kind: "succeeded", output: input };
}

async function chat(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const request = argumentsOf(ChatCompletionRequest, task.input);
  if (request.stream === true)
    throw invalidArguments([{ pointer: "/stream", detail: "a task takes the whole answer" }]);
  return (await completeChat(ctx, request, callOf(task))) as unknown as Json;
}

const EmbedArguments = z.strictObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(z.string()).min(1).max(2_048)]),
  dimensions: z.int().positive().optional(),
});

/** OpenAI's answer to an embedding request, vectors as lists of numbers. */
async function embed(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { model, input, dimensions } = argumentsOf(EmbedArguments, task.input);
  const texts = [input].flat();
  const request = { model, input: texts, ...(dimensions !== undefined && { dimensions }) };
  const { answer } = await embedTexts(ctx, request, callOf(task));
  return {
    object: "list",
    model,
    data: answer.vectors.map((embedding, index) => ({ object: "embedding", index, embedding: [...embedding] })),
    usage: { prompt_tokens: answer.promptTokens, total_tokens: answer.promptTokens },
  };
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
// ASL: an HTTP task's socket times out after 60 seconds.
const HTTP_TIMEOUT_MS = 60_000;
const OWN_HEADERS = new Set(["connection", "keep-alive", "transfer-encoding", "set-cookie"]);

async function httpRequest(ctx: ServiceContext, task: TaskCall): Promise<Json> {
  const { method, url, headers, body } = argumentsOf(HttpArguments, task.input);
  const isText = typeof body === "string";
  const response = await callEndpoint(ctx, {
    url,
    method,
    headers: {
      ...(body !== undefined && { "content-type": isText ? "text/plain; charset=utf-8" : "application/json" }),
      "idempotency-key": task.key,
      ...headers,
    },
    body: body === undefined ? null : isText ? body : JSON.stringify(body),
    timeoutMs: HTTP_TIMEOUT_MS,
    maxBytes: task.maxPayloadBytes,
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

function callOf({ key, signal }: TaskCall): { idempotencyKey: string; signal: AbortSignal } {
  return { idempotencyKey: key, signal };
}

function pascal(code: string): string {
  return code.replaceAll(/(?:^|-)(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
