import { base64Vector, Embeddings, EmbeddingsRequest } from "../../../../domain/llm/embedding.ts";
import { embedTexts } from "../../../../services/llm/embed-texts.ts";
import type { EmbeddingInput } from "../../../../services/llm/ports.ts";
import { type Routes, reply } from "../../operation.ts";

const MAX_BODY_BYTES = 4 * 1_048_576;

export function addEmbeddings(routes: Routes): void {
  routes.add(
    {
      method: "post",
      path: "/v1/embeddings",
      id: "createEmbeddings",
      tag: "LLM gateway",
      summary: "OpenAI's embeddings, as numbers or as base64",
      access: "llm:write",
      body: EmbeddingsRequest,
      maxBytes: MAX_BODY_BYTES,
      returns: { 200: Embeddings },
      problems: [
        "not-found",
        "provider-failed",
        "provider-refused",
        "provider-timeout",
        "unavailable",
        "quota-exceeded",
      ],
    },
    async ({ ctx, body, http }) => {
      const { model: asked, input, dimensions, encoding_format: format, ...more } = body;
      const { answer, provider, model, cost } = await embedTexts(
        ctx,
        { model: asked, input: inputsOf(input), ...(typeof dimensions === "number" && { dimensions }), more },
        { signal: http.req.raw.signal },
      );
      const isBase64 = format === "base64";
      const embeddings: Embeddings = {
        object: "list",
        model: answer.model,
        data: answer.vectors.map((vector, index) => ({
          object: "embedding",
          index,
          embedding: isBase64 ? base64Vector(vector) : Array.from(vector),
        })),
        usage: { prompt_tokens: answer.promptTokens, total_tokens: answer.promptTokens },
      };
      return reply(200, embeddings, {
        "x-weft-provider": provider,
        "x-weft-model": model,
        "x-weft-cost-usd-micros": String(cost.usdMicros),
      });
    },
  );
}

/** One text or one list of tokens is a list of one. */
function inputsOf(input: EmbeddingsRequest["input"]): EmbeddingInput["input"] {
  if (typeof input === "string") return [input];
  return isTokens(input) ? [input] : input;
}

function isTokens(input: EmbeddingInput["input"] | number[]): input is number[] {
  return typeof input[0] === "number";
}
