import * as z from "zod";
import { TokenCount } from "./token-usage.ts";

const Tokens = z.array(z.int().nonnegative()).min(1).max(8_192);

export const EmbeddingsRequest = z
  .looseObject({
    model: z.string().min(1).max(256).describe("`provider/model`, or the name of a model route."),
    input: z.union([
      z.string().min(1),
      z.array(z.string().min(1)).min(1).max(2_048),
      Tokens,
      z.array(Tokens).min(1).max(2_048),
    ]),
    encoding_format: z.enum(["float", "base64"]).nullish(),
    dimensions: z.int().min(1).max(4_096).nullish(),
    user: z.string().nullish(),
  })
  .meta({ id: "EmbeddingsRequest", example: { model: "local/hash-embed", input: "parental leave" } });
export type EmbeddingsRequest = z.infer<typeof EmbeddingsRequest>;

export const EmbeddingUsage = z.looseObject({ prompt_tokens: TokenCount, total_tokens: TokenCount });

export const Embeddings = z
  .looseObject({
    object: z.literal("list"),
    model: z.string(),
    data: z.array(
      z.looseObject({
        object: z.literal("embedding"),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    ),
    usage: EmbeddingUsage,
  })
  .meta({ id: "Embeddings" });
export type Embeddings = z.infer<typeof Embeddings>;

/** Little-endian float32 in base64: what OpenAI's clients ask for, at a third of the size of decimal text. */
export function base64Vector(vector: ArrayLike<number>): string {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < vector.length; i++) view.setFloat32(i * 4, vector[i] ?? 0, true);
  return Buffer.from(bytes).toString("base64");
}

/** The vector of an item in either form; `null` for a text that is not whole float32 values. */
export function vectorOf(embedding: string | readonly number[]): Float32Array | null {
  if (typeof embedding !== "string") return Float32Array.from(embedding);
  const bytes = Buffer.from(embedding, "base64");
  if (bytes.byteLength === 0 || bytes.byteLength % 4 !== 0) return null;
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}
