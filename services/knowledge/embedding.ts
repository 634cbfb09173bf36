import { type Problem, problem } from "../../domain/kernel/problem.ts";
import { contextualText } from "../../domain/knowledge/chunk.ts";
import type { EmbedderIdentity } from "../../domain/knowledge/embedding/embedder.ts";
import { HASHED_EMBEDDER } from "../../domain/knowledge/embedding/hashed.ts";
import type { TextChunk } from "../../domain/knowledge/text/chunks.ts";
import type { ServiceContext } from "../context.ts";
import { embedTexts } from "../llm/embed-texts.ts";
import { findTarget, type Target } from "../llm/find-target.ts";
import { askingModels } from "./asking-models.ts";

/** Workers AI takes at most this many texts a call; others take more. */
const BATCH = 100;
// Vectors of one name are taken for comparable; a change of how we ask for them would raise this.
const VERSION = "1";

export interface ChunkEmbeddings {
  /** `null`: the index embeds by itself. */
  embedder: EmbedderIdentity | null;
  embeddings: readonly Float32Array[] | null;
}

/** Embeds chunks below their title and headings. `key` names the work, so that a repeated batch is billed once. */
export async function embedChunks(
  ctx: ServiceContext,
  model: string,
  { key, title, chunks }: { key: string; title: string; chunks: readonly TextChunk[] },
): Promise<ChunkEmbeddings> {
  if (model === HASHED_EMBEDDER.model) return { embedder: null, embeddings: null };
  const texts = chunks.map((chunk) => contextualText(title, chunk));
  const embeddings: Float32Array[] = [];
  for (let at = 0; at < texts.length; at += BATCH) {
    const input = texts.slice(at, at + BATCH);
    const { answer } = await embedTexts(ctx, { model, input }, { idempotencyKey: `${key}/${at}` });
    embeddings.push(...answer.vectors);
  }
  return { embedder: identityOf(model, embeddings[0]), embeddings };
}

/** `null`: the index embeds by itself. */
export async function embedQuery(
  ctx: ServiceContext,
  model: string,
  query: string,
): Promise<{ embedder: EmbedderIdentity; embedding: Float32Array } | null> {
  if (model === HASHED_EMBEDDER.model) return null;
  const { answer } = await embedTexts(askingModels(ctx), { model, input: [query] });
  const [embedding = new Float32Array(0)] = answer.vectors;
  return { embedder: identityOf(model, embedding), embedding };
}

/** Refuses a model that no provider of the tenant has a name for. */
export async function requireEmbeddingModel(ctx: ServiceContext, model: string): Promise<void> {
  if (model === HASHED_EMBEDDER.model) return;
  const target = await findTarget(ctx, model);
  if (target === null) throw unfit("is not a model of a known provider");
  if (!mayEmbed(target)) throw unfit("is no embedding model");
}

/** Whether it does is known beforehand of these kinds alone: Anthropic has no embeddings, and the local provider has one model. */
function mayEmbed({ provider: { kind }, model }: Target): boolean {
  return kind === "local" ? `local/${model}` === HASHED_EMBEDDER.model : kind !== "anthropic";
}

function unfit(detail: string): Problem {
  return problem("validation-failed", { errors: [{ pointer: "/embeddingModel", detail }] });
}

function identityOf(model: string, sample: Float32Array | undefined): EmbedderIdentity {
  return { model, version: VERSION, dimensions: sample?.length ?? 0 };
}
