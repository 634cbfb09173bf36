import * as z from "zod";
import { Filter } from "./filter.ts";

/** Each is searched by itself, at once. */
const MAX_FURTHER_BASES = 4;

export const AnswerRequest = z
  .strictObject({
    question: z.string().trim().min(1).max(10_000),
    model: z.string().min(1).max(200).optional(),
    topK: z.int().min(1).max(20).default(5),
    stream: z.boolean().default(false),
    filter: Filter.optional().describe("Which documents may answer, by their metadata."),
    knowledgeBaseIds: z
      .array(z.string().min(1))
      .max(MAX_FURTHER_BASES)
      .default([])
      .describe("Further knowledge bases to answer from, beside the one of the path."),
  })
  .meta({ id: "AnswerRequest", example: { question: "How many days of parental leave are paid?" } });
export type AnswerRequest = z.infer<typeof AnswerRequest>;

export const Citation = z
  .strictObject({
    marker: z.int().positive().describe("The n of [n] in the answer."),
    knowledgeBaseId: z.string(),
    documentId: z.string(),
    chunkId: z.string(),
    start: z.int().nonnegative(),
    end: z.int().nonnegative(),
    quote: z.string().describe("Exactly text.slice(start, end) of the document's stored text."),
  })
  .meta({ id: "Citation" });
export type Citation = z.infer<typeof Citation>;

export const AnswerUsage = z
  .strictObject({
    promptTokens: z.int().nonnegative(),
    completionTokens: z.int().nonnegative(),
    totalTokens: z.int().nonnegative(),
    costUsdMicros: z.int().nonnegative(),
  })
  .meta({ id: "AnswerUsage" });
export type AnswerUsage = z.infer<typeof AnswerUsage>;

export const Answer = z
  .strictObject({
    answer: z.string(),
    grounded: z.boolean().describe("False when the sources do not hold an answer or do not support what was said."),
    citations: z.array(Citation),
    unsupported: z
      .array(z.string())
      .describe("Sentences of the answer that the sources they cite do not bear out; read them with care."),
    usage: AnswerUsage,
  })
  .meta({ id: "Answer" });
export type Answer = z.infer<typeof Answer>;
