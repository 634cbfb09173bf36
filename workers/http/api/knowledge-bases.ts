import * as z from "zod";
import { PageRequest } from "../../../domain/kernel/page.ts";
import { CreateKnowledgeBase, KnowledgeBase, UpdateKnowledgeBase } from "../../../domain/knowledge/knowledge-base.ts";
import { createKnowledgeBase } from "../../../services/knowledge/create-knowledge-base.ts";
import { deleteKnowledgeBase } from "../../../services/knowledge/delete-knowledge-base.ts";
import { getKnowledgeBase } from "../../../services/knowledge/get-knowledge-base.ts";
import { listKnowledgeBases } from "../../../services/knowledge/list-knowledge-bases.ts";
import { updateKnowledgeBase } from "../../../services/knowledge/update-knowledge-base.ts";
import { listOf } from "../listing.ts";
import { noContent, reply, routes } from "../operation.ts";

export const knowledgeBases = routes();
const tag = "Knowledge";
const params = z.object({ id: z.string() });

knowledgeBases.add(
  {
    method: "get",
    path: "/v1/knowledge-bases",
    id: "listKnowledgeBases",
    tag,
    summary: "The tenant's knowledge bases, newest first",
    access: "knowledge:read",
    query: PageRequest,
    returns: { 200: listOf(KnowledgeBase) },
  },
  async ({ ctx, query }) => reply(200, await listKnowledgeBases(ctx, query)),
);

knowledgeBases.add(
  {
    method: "post",
    path: "/v1/knowledge-bases",
    id: "createKnowledgeBase",
    tag,
    summary: "Create a knowledge base",
    access: "knowledge:write",
    body: CreateKnowledgeBase,
    returns: { 201: KnowledgeBase },
  },
  async ({ ctx, body }) => {
    const created = await createKnowledgeBase(ctx, body);
    return reply(201, created, { location: `/v1/knowledge-bases/${created.id}` });
  },
);

knowledgeBases.add(
  {
    method: "get",
    path: "/v1/knowledge-bases/{id}",
    id: "getKnowledgeBase",
    tag,
    summary: "A knowledge base with its number of documents and chunks",
    access: "knowledge:read",
    params,
    returns: { 200: KnowledgeBase },
    conditional: true,
  },
  async ({ ctx, params }) => reply(200, await getKnowledgeBase(ctx, params.id)),
);

knowledgeBases.add(
  {
    method: "patch",
    path: "/v1/knowledge-bases/{id}",
    id: "updateKnowledgeBase",
    tag,
    summary: "Change a knowledge base; another embedding model takes over once it has embedded every document",
    access: "knowledge:write",
    params,
    body: UpdateKnowledgeBase,
    returns: { 200: KnowledgeBase },
    conditional: true,
    problems: ["conflict"],
  },
  async ({ ctx, params, body }) => reply(200, await updateKnowledgeBase(ctx, params.id, body)),
);

knowledgeBases.add(
  {
    method: "delete",
    path: "/v1/knowledge-bases/{id}",
    id: "deleteKnowledgeBase",
    tag,
    summary: "Delete a knowledge base with all of its documents",
    access: "knowledge:write",
    params,
    returns: { 204: null },
    conditional: true,
  },
  async ({ ctx, params }) => {
    await deleteKnowledgeBase(ctx, params.id);
    return noContent();
  },
);
