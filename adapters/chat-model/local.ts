import { sha256Hex } from "../../domain/kernel/digest.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { Clock } from "../../domain/kernel/time.ts";
import { HASHED_EMBEDDER, hashedEmbedding } from "../../domain/knowledge/embedding/hashed.ts";
import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import { completionEvents } from "../../domain/llm/completion-events.ts";
import { estimatedPromptTokens, estimatedTokens } from "../../domain/llm/token-estimate.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { EmbeddingInput, ProviderModels } from "../../services/llm/ports.ts";
import { extractedAnswer } from "./extracted-answer.ts";

const CHAT_MODEL = "extractive";
const EMBEDDING_MODEL = "hash-embed";

/** The provider `local`: no network, no weights, the same answer to the same question every time. */
export function localModels({ clock }: { clock: Clock }): ProviderModels {
  return {
    chat: {
      async complete(request) {
        return completionOf(request, clock.now());
      },
      async stream(request) {
        const text = completionEvents(completionOf(request, clock.now()), true);
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
          isEstimated: false,
        };
      },
    },
    list: async () => [CHAT_MODEL, EMBEDDING_MODEL],
  };
}

function completionOf(request: ChatCompletionRequest, now: number): ChatCompletion {
  if (request.model !== CHAT_MODEL) throw noSuchModel(request.model);
  const { text, isCut } = extractedAnswer(request);
  const said = beforeStop(text, request.stop);
  const answers = request.n ?? 1;
  return {
    id: `chatcmpl-${sha256Hex(JSON.stringify([request.messages, now])).slice(0, 24)}`,
    object: "chat.completion",
    created: Math.floor(now / 1_000),
    model: `local/${CHAT_MODEL}`,
    choices: Array.from({ length: answers }, (_, index) => ({
      index,
      message: { role: "assistant", content: said, refusal: null },
      logprobs: null,
      finish_reason: isCut && said === text ? "length" : "stop",
    })),
    usage: tokenUsage(estimatedPromptTokens(request), answers * estimatedTokens(said)),
  };
}

function beforeStop(text: string, stop: ChatCompletionRequest["stop"]): string {
  const sequences = [stop ?? []].flat().filter((sequence) => sequence !== "" && text.includes(sequence));
  return text.slice(0, Math.min(text.length, ...sequences.map((sequence) => text.indexOf(sequence))));
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
