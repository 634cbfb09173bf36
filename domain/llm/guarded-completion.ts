import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import type { ChatCompletion, ChatCompletionRequest } from "./chat-completion.ts";
import type { Guardrail } from "./guardrail.ts";
import { isBlocked, type Judgement, judged } from "./guardrail-judge.ts";

/** The answer as its guardrails leave it. */
export function guardedCompletion(
  completion: ChatCompletion,
  guardrails: readonly Guardrail[],
): { completion: ChatCompletion; judgement: Judgement } {
  const judgement = judged(
    completion.choices.flatMap(({ message }) => wordsOf(message).map(([, text]) => ({ text, isUntrusted: false }))),
    guardrails,
    "output",
  );
  if (isBlocked(judgement)) return { completion: withheld(completion), judgement };
  if (!judgement.findings.some(({ action }) => action === "redact")) return { completion, judgement };
  const texts = judgement.texts.values();
  const choices = completion.choices.map((choice) => {
    const words = wordsOf(choice.message).map(([name]) => [name, texts.next().value ?? ""]);
    return { ...choice, message: { ...choice.message, ...Object.fromEntries(words) } };
  });
  return { completion: { ...completion, choices }, judgement };
}

/** What a model says in a message or in a piece of one: content, refusal, reasoning, and what a provider calls so. */
export function wordsOf(said: Record<string, unknown>): [name: string, text: string][] {
  return Object.entries(said).filter((member): member is [string, string] => {
    const [name, value] = member;
    return name !== "role" && typeof value === "string";
  });
}

/** An answer that may not be told, in the form in which OpenAI's clients read a filtered one. */
export function withheld(completion: ChatCompletion): ChatCompletion {
  const choices = completion.choices.map(({ index }) => ({
    index,
    message: { role: "assistant", content: null, refusal: "The answer was withheld by a guardrail." },
    finish_reason: "content_filter",
    logprobs: null,
  }));
  return { ...completion, choices };
}

type SchemaGuardrail = Guardrail & { type: "json-schema" };

/** The schema that the answer must match, and the guardrail that says so. A tool call is not an answer yet. */
export function answerSchema(
  request: ChatCompletionRequest,
  guardrails: readonly Guardrail[],
): { schema: JsonObject; guardrail: SchemaGuardrail } | null {
  const guardrail = guardrails.find(({ type }) => type === "json-schema");
  if (guardrail?.type !== "json-schema") return null;
  const schema = guardrail.schema ?? schemaOf(request.response_format);
  return schema === null ? null : { schema, guardrail };
}

/** Why an answer is not the JSON that was asked for; none when it is, or when it is a call of a tool. */
export function answerFaults(
  completion: ChatCompletion,
  faults: (value: unknown) => string[],
): { text: string; faults: string[] }[] {
  return completion.choices.flatMap(({ message }) => {
    if (message.tool_calls?.length || message.refusal) return [];
    const text = message.content ?? "";
    const found = faultsOf(text, faults);
    return found.length === 0 ? [] : [{ text, faults: found }];
  });
}

/** Asks the model to mend its answer. */
export function repairRequest(
  request: ChatCompletionRequest,
  { text, faults }: { text: string; faults: string[] },
  schema: JsonObject,
): ChatCompletionRequest {
  const complaint = [
    "Your answer does not match the JSON Schema that it must match.",
    ...faults.map((fault) => `- ${fault}`),
    "Answer again with nothing but JSON that matches this schema:",
    JSON.stringify(schema),
  ].join("\n");
  const messages: ChatCompletionRequest["messages"] = [
    ...request.messages,
    { role: "assistant", content: text },
    { role: "user", content: complaint },
  ];
  return { ...request, messages };
}

function faultsOf(text: string, faults: (value: unknown) => string[]): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return ["The answer is not JSON."];
  }
  return faults(value);
}

function schemaOf(format: unknown): JsonObject | null {
  if (!isJsonObject(format) || format.type !== "json_schema" || !isJsonObject(format.json_schema)) return null;
  const { schema } = format.json_schema;
  return isJsonObject(schema) ? schema : null;
}
