import * as z from "zod";
import { VectorPlace } from "./index-contract.ts";

export const Chunking = z
  .strictObject({
    maxTokens: z.int().min(64).max(2_048).default(512).describe("Estimated tokens a chunk may hold."),
    overlapTokens: z.int().min(0).max(512).default(128).describe("Tokens that the next chunk repeats."),
  })
  .refine((chunking) => chunking.overlapTokens <= chunking.maxTokens / 2, {
    path: ["overlapTokens"],
    message: "the overlap may be half of a chunk at most",
  })
  .meta({ id: "Chunking" });
export type Chunking = z.infer<typeof Chunking>;

export const DEFAULT_CHUNKING: Chunking = { maxTokens: 512, overlapTokens: 128 };

/** Searches use the present model until the other's index holds every document. */
export const Reembedding = z
  .discriminatedUnion("status", [
    z.strictObject({
      status: z.literal("running"),
      embeddingModel: z.string().describe("The model that takes over when all is done."),
      documents: z.int().nonnegative().describe("Documents that searches show."),
      reembedded: z.int().nonnegative().describe("How many of them the next index holds."),
      error: z.string().nullable().describe("Why the last attempt failed; it is tried again."),
    }),
    z.strictObject({ status: z.literal("failed"), error: z.string().describe("Why the present model stays.") }),
  ])
  .meta({ id: "Reembedding", description: "The change of a knowledge base to another embedding model." });
export type Reembedding = z.infer<typeof Reembedding>;

export const KnowledgeBase = z
  .strictObject({
    id: z.string().describe("Starts with kb_."),
    name: z.string().trim().min(1).max(200),
    description: z.string().max(2_000).nullable(),
    chunking: Chunking,
    embeddingModel: z.string().min(1).max(200).describe("provider/model, for example local/hash-embed."),
    vectorIndex: VectorPlace.describe("Where vectors are looked for: in the index itself, or in Vectorize."),
    reembedding: Reembedding.nullable(),
    documents: z.int().nonnegative(),
    chunks: z.int().nonnegative(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "KnowledgeBase", description: "Documents that are searched and cited together." });
export type KnowledgeBase = z.infer<typeof KnowledgeBase>;

export const CreateKnowledgeBase = z
  .strictObject({
    name: KnowledgeBase.shape.name,
    description: z.string().max(2_000).optional(),
    chunking: Chunking.optional(),
    embeddingModel: KnowledgeBase.shape.embeddingModel.optional(),
  })
  .meta({ id: "CreateKnowledgeBase", example: { name: "Employee handbook" } });
export type CreateKnowledgeBase = z.infer<typeof CreateKnowledgeBase>;

export const UpdateKnowledgeBase = CreateKnowledgeBase.partial()
  .extend({ description: KnowledgeBase.shape.description.optional() })
  .meta({ id: "UpdateKnowledgeBase" });
export type UpdateKnowledgeBase = z.infer<typeof UpdateKnowledgeBase>;
