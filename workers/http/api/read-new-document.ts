import * as z from "zod";
import { problem } from "../../../domain/kernel/problem.ts";
import { CreateDocument, KnowledgeDocument } from "../../../domain/knowledge/document.ts";
import { DOCX, PDF, UNKNOWN_TYPE } from "../../../domain/knowledge/extraction/file-type.ts";
import { Metadata } from "../../../domain/knowledge/metadata.ts";
import { type NewDocument, PLAIN_TEXT } from "../../../services/knowledge/add-document.ts";
import { MAX_SOURCE_BYTES } from "../../../services/knowledge/source-limits.ts";
import { readBytes, readJson } from "../body.ts";
import { parsed } from "../validation.ts";

// What comes beside the source itself: names and metadata.
const MAX_ENVELOPE_BYTES = 65_536;
export const MAX_DOCUMENT_BYTES = MAX_SOURCE_BYTES + MAX_ENVELOPE_BYTES;

const UploadForm = z.strictObject({
  file: z.instanceof(File, { error: "a file is required" }),
  title: KnowledgeDocument.shape.title.optional(),
  contentType: z.string().min(1).max(200).optional(),
  metadata: z.string().transform(jsonText).pipe(Metadata).optional(),
  externalId: z.string().min(1).max(200).optional(),
});

/** The form as the API's description tells it: what a field holds, not what it becomes. */
export const UploadDocument = z
  .strictObject({
    file: z.file().describe("Text of any kind, Markdown, HTML, PDF, DOCX, CSV or JSON."),
    title: KnowledgeDocument.shape.title.optional().describe("The file's name when absent."),
    contentType: z.string().min(1).max(200).optional().describe("By the file's name and beginning when absent."),
    metadata: z.string().optional().describe("A JSON object."),
    externalId: CreateDocument.shape.externalId,
  })
  .meta({ id: "UploadDocument" });

/** A document as JSON, or as a form with the file and the same members as fields. */
export async function readNewDocument(request: Request): Promise<NewDocument> {
  return /^multipart\/form-data\b/i.test(request.headers.get("content-type") ?? "")
    ? readUpload(request)
    : readInline(request);
}

async function readInline(request: Request): Promise<NewDocument> {
  const { value } = await readJson(request, MAX_DOCUMENT_BYTES);
  const { text, sourceUrl, contentType, ...rest } = valid(CreateDocument, value);
  if (sourceUrl !== undefined) return { ...rest, contentType: contentType || null, source: { url: sourceUrl } };
  return { ...rest, contentType: contentType || PLAIN_TEXT, source: { body: text ?? "" } };
}

async function readUpload(request: Request): Promise<NewDocument> {
  const { file, title, contentType, metadata, externalId } = valid(UploadForm, await readForm(request));
  return {
    title: title ?? (file.name.trim().slice(0, 500) || "Untitled"),
    contentType: contentType ?? typeOf(file),
    source: { body: new Uint8Array(await file.arrayBuffer()) },
    metadata,
    externalId,
  };
}

async function readForm(request: Request): Promise<Record<string, File | string>> {
  const bytes = await readBytes(request, MAX_DOCUMENT_BYTES);
  const type = request.headers.get("content-type") ?? "";
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData().catch((cause: unknown) => {
    throw problem("malformed-request", { detail: "The form cannot be read.", cause });
  });
  const names = [...form.keys()];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw problem("validation-failed", { errors: [{ pointer: `/${twice}`, detail: "is given more than once" }] });
  }
  return Object.fromEntries(form);
}

// What browsers and curl say of a file whose type they do not know.
const UNTOLD = ["", UNKNOWN_TYPE];
const TYPE_OF_EXTENSION: Record<string, string> = {
  txt: PLAIN_TEXT,
  md: "text/markdown",
  markdown: "text/markdown",
  htm: "text/html",
  html: "text/html",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  json: "application/json",
  jsonl: "application/jsonl",
  ndjson: "application/jsonl",
  pdf: PDF,
  docx: DOCX,
};

function typeOf(file: File): string {
  if (!UNTOLD.includes(file.type)) return file.type;
  const extension = /\.([a-z]+)$/i.exec(file.name)?.[1]?.toLowerCase() ?? "";
  return TYPE_OF_EXTENSION[extension] ?? UNKNOWN_TYPE;
}

function jsonText(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("is not JSON");
    return z.NEVER;
  }
}

/** parsed() answers undefined only where there is no schema. */
function valid<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  return parsed(schema, value, "") as z.output<S>;
}
