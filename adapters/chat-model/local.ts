import { sha256Hex } from "../../domain/kernel/digest.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { Clock } from "../../domain/kernel/time.ts";
import { HASHED_EMBEDDER, hashedEmbedding } from "../../domain/knowledge/embedding/hashed.ts";
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { DONE, eventText } from "../../domain/llm/event-stream.ts";
import { estimatedPromptTokens, estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { EmbeddingInput, ProviderModels } from "../../services/llm/ports.ts";
import { extractedAnswer } from "./extracted-answer.ts";

const CHAT_MODEL = "extractive";
const EMBEDDING_MODEL = "hash-embed";
/** Words to an event: enough of them that a stream shows as one, few enough that each is cheap. */
const WORDS_PER_EVENT = 6;

/** The provider `local`: no network, no weights, the same answer to the same question every time. */
export function localModels({ clock }: { clock: Clock }): ProviderModels {
  return {
    chat: {
      async complete(request) {
        return completionOf(request, clock.now());
      },
      async stream(request) {
        const text = eventsOf(completionOf(request, clock.now())).join("");
        return new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(text));
            controller.close();
          },
        });
      },
    },
    embedding: {
      async embed(request) {
        if (request.model !== EMBEDDING_MODEL) throw noSuchModel(request.model);
        const texts = request.input.map(textOf);
        return {
          model: HASHED_EMBEDDER.model,
          vectors: texts.map((text) => hashedEmbedding(text, request.dimensions ?? HASHED_EMBEDDER.dimensions)),
          promptTokens: texts.reduce((sum, text) => sum + estimatedTokens(text), 0),
        };
      },
    },
    list: async () => [CHAT_MODEL, EMBEDDING_MODEL],
  };
}

type Delta = ChatCompletionChunk["choices"][number]["delta"];

function completionOf(request: ChatCompletionRequest, now: number): ChatCompletion {
  if (request.model !== CHAT_MODEL) throw noSuchModel(request.model);
  const { text, isCut } = extractedAnswer(request);
  return {
    id: `chatcmpl-${sha256Hex(JSON.stringify([request.messages, now])).slice(0, 24)}`,
    object: "chat.completion",
    created: Math.floor(now / 1_000),
    model: `local/${CHAT_MODEL}`,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: isCut ? "length" : "stop",
      },
    ],
    usage: tokenUsage(estimatedPromptTokens(request), estimatedTokens(text)),
  };
}

function eventsOf({ id, created, model, choices, usage }: ChatCompletion): string[] {
  const shared = { id, object: "chat.completion.chunk", created, model };
  const event = (chunk: Partial<ChatCompletionChunk>) =>
    eventText(JSON.stringify({ ...shared, usage: null, ...chunk }));
  const delta = (value: Delta, reason: string | null = null) =>
    event({ choices: [{ index: 0, delta: value, logprobs: null, finish_reason: reason }] });
  const [choice] = choices;
  return [
    delta({ role: "assistant", content: "" }),
    ...pieces(choice?.message.content ?? "").map((content) => delta({ content })),
    delta({}, choice?.finish_reason ?? "stop"),
    event({ choices: [], ...(usage && { usage }) }),
    eventText(DONE),
  ];
}

function pieces(text: string): string[] {
  return text.match(new RegExp(`(?:\\s*\\S+){1,${WORDS_PER_EVENT}}\\s*`, "g")) ?? (text === "" ? [] : [text]);
}

function textOf(input: EmbeddingInput["input"][number]): string {
  if (typeof input === "string") return input;
  throw problem("validation-failed", {
    errors: [{ pointer: "/input", detail: "must be text: local/hash-embed has no tokens" }],
  });
}

function noSuchModel(model: string): Error {
  return problem("not-found", { detail: `No such model: local/${model}.` });
}
