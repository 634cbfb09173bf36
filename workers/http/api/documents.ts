import * as z from "zod";
import { AddedDocument, CreateDocument, KnowledgeDocument } from "../../../domain/knowledge/document.ts";
import { addDocument } from "../../../services/knowledge/add-document.ts";
import { deleteDocument } from "../../../services/knowledge/delete-document.ts";
import { getDocument } from "../../../services/knowledge/get-document.ts";
import { DocumentsRequest, listDocuments } from "../../../services/knowledge/list-documents.ts";
import { readDocumentText } from "../../../services/knowledge/read-document-text.ts";
import { TEXT_TYPE } from "../../../services/knowledge/revision.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";
import { MAX_DOCUMENT_BYTES, readNewDocument, UploadDocument } from "./read-new-document.ts";

export const documents = routes();
const tag = "Knowledge";
const params = z.object({ id: z.string() });
const documentParams = z.object({ id: z.string(), documentId: z.string() });

documents.add(
  {
    method: "get",
    path: "/v1/knowledge-bases/{id}/documents",
    id: "listDocuments",
    tag,
    summary: "The documents of a knowledge base, newest first",
    access: "knowledge:read",
    params,
    query: DocumentsRequest,
    returns: { 200: listOf(KnowledgeDocument) },
  },
  async ({ ctx, params, query }) => reply(200, await listDocuments(ctx, params.id, query)),
);

documents.add(
  {
    method: "post",
    path: "/v1/knowledge-bases/{id}/documents",
    id: "addDocument",
    tag,
    summary: "Add a document as JSON or as multipart `file`; the same externalId replaces it",
    access: "knowledge:write",
    params,
    accepts: { "application/json": CreateDocument, "multipart/form-data": UploadDocument },
    maxBytes: MAX_DOCUMENT_BYTES,
    returns: { 202: AddedDocument },
    problems: ["forbidden-target"],
  },
  async ({ ctx, params, http }) => {
    const added = await addDocument(ctx, params.id, await readNewDocument(http.req.raw));
    return reply(202, added, { location: `/v1/knowledge-bases/${params.id}/documents/${added.id}` });
  },
);

documents.add(
  {
    method: "get",
    path: "/v1/knowledge-bases/{id}/documents/{documentId}",
    id: "getDocument",
    tag,
    summary: "A document and how far its indexing came",
    access: "knowledge:read",
    params: documentParams,
    returns: { 200: KnowledgeDocument },
  },
  async ({ ctx, params }) =>
    reply(200, await getDocument(ctx, { knowledgeBaseId: params.id, documentId: params.documentId })),
);

documents.add(
  {
    method: "get",
    path: "/v1/knowledge-bases/{id}/documents/{documentId}/text",
    id: "readDocumentText",
    tag,
    summary: "The text that offsets of chunks and citations count in (UTF-16), as text/plain",
    access: "knowledge:read",
    params: documentParams,
    returns: { 200: null },
  },
  async ({ ctx, params }) => {
    const text = await readDocumentText(ctx, { knowledgeBaseId: params.id, documentId: params.documentId });
    return new Response(text, { headers: { "content-type": TEXT_TYPE } });
  },
);

documents.add(
  {
    method: "delete",
    path: "/v1/knowledge-bases/{id}/documents/{documentId}",
    id: "deleteDocument",
    tag,
    summary: "Delete a document; nothing of it stays in index and files",
    access: "knowledge:write",
    params: documentParams,
    returns: { 204: null },
  },
  async ({ ctx, params }) => {
    await deleteDocument(ctx, { knowledgeBaseId: params.id, documentId: params.documentId });
    return noContent();
  },
);
