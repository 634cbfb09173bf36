import * as z from "zod";
import { Metadata } from "./metadata.ts";

export const DocumentStatus = z.enum(["queued", "processing", "indexed", "failed"]).meta({ id: "DocumentStatus" });
export type DocumentStatus = z.infer<typeof DocumentStatus>;

/** One document's text; about 4 million characters are 3,000 chunks, what the index takes in one call. */
export const MAX_DOCUMENT_CHARACTERS = 4_000_000;

export const KnowledgeDocument = z
  .strictObject({
    id: z.string().describe("Starts with doc_."),
    knowledgeBaseId: z.string(),
    externalId: z.string().nullable(),
    title: z.string().trim().min(1).max(500),
    contentType: z.string(),
    sourceUrl: z.url().nullable(),
    metadata: Metadata,
    status: DocumentStatus,
    version: z.int().positive().describe("Grows each time that the document is replaced."),
    characters: z.int().nonnegative().describe("Length of the stored text in UTF-16 units."),
    chunks: z.int().nonnegative(),
    error: z.string().nullable().describe("Why the document could not be indexed."),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    indexedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "Document" });
export type KnowledgeDocument = z.infer<typeof KnowledgeDocument>;

export const AddedDocument = KnowledgeDocument.extend({
  job: z.strictObject({ id: z.string().describe("Starts with job_.") }).describe("The job that reads and indexes it."),
}).meta({ id: "AddedDocument" });
export type AddedDocument = z.infer<typeof AddedDocument>;

export const CreateDocument = z
  .strictObject({
    title: KnowledgeDocument.shape.title,
    text: z.string().max(MAX_DOCUMENT_CHARACTERS).optional().describe("Found by its title alone when empty."),
    sourceUrl: z.url({ protocol: /^https?$/ }).optional(),
    contentType: z.string().max(200).optional(),
    metadata: Metadata.optional(),
    externalId: z.string().min(1).max(200).optional().describe("Your own id; the same id replaces the document."),
  })
  .refine((input) => (input.text === undefined) !== (input.sourceUrl === undefined), {
    path: ["text"],
    message: "exactly one of text and sourceUrl is required",
  })
  .meta({ id: "CreateDocument", example: { title: "Leave policy", text: "Everyone has 30 days of leave a year." } });
export type CreateDocument = z.infer<typeof CreateDocument>;
