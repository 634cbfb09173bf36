import { and, eq, sql } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import type { AddedDocument } from "../../domain/knowledge/document.ts";
import { UNKNOWN_TYPE } from "../../domain/knowledge/extraction/file-type.ts";
import type { Metadata } from "../../domain/knowledge/metadata.ts";
import { type AskedTask, commit, type Enclosed } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { againstConflict } from "./against-conflict.ts";
import { isAt } from "./load-document.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { indexedRevision, newRevision, type Revision, sourceKey, TEXT_TYPE, textKey } from "./revision.ts";
import { type DocumentRow, documents, knowledgeBases, toDocument } from "./table.ts";
import { ownCanonicalText } from "./uploaded-text.ts";

export interface NewDocument {
  title: string;
  /** What the source is said to be; an import without it takes the word of the server that it comes from. */
  contentType: string | null;
  source: { body: string | Uint8Array<ArrayBuffer> } | { url: string };
  metadata?: Metadata | undefined;
  /** The same id again replaces the document. */
  externalId?: string | undefined;
}

export const PLAIN_TEXT = "text/plain";

/** So many characters travel with the ring of the task, ten such texts in three messages. */
const MAX_ENCLOSED = 16_000;

/** Takes a document in. It is read, chunked and indexed by a task; until then its status tells how far it came. */
export async function addDocument(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  input: NewDocument,
): Promise<AddedDocument> {
  requirePermission(ctx, "knowledge:write");
  if ("url" in input.source) requireImportable(ctx, input.source.url);
  const jobId = ctx.ids.next("job");
  const row = await againstConflict(ctx, () => addOrReplace(ctx, knowledgeBaseId, input, jobId));
  return { ...toDocument(row), job: { id: jobId } };
}

function requireImportable(ctx: ServiceContext, url: string): void {
  const judgement = ctx.ports.outbound.judge(url);
  if (judgement.allowed) return;
  throw problem("forbidden-target", {
    detail: `The address ${judgement.reason}.`,
    errors: [{ pointer: "/sourceUrl", detail: judgement.reason }],
  });
}

async function addOrReplace(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  input: NewDocument,
  jobId: string,
): Promise<DocumentRow> {
  const replaced = await findByExternalId(ctx, knowledgeBaseId, input.externalId);
  const revision = newRevision(ctx.tenant.id, knowledgeBaseId, {
    documentId: replaced?.id ?? ctx.ids.next("doc"),
    version: (replaced?.version ?? 0) + 1,
    uploadId: Buffer.from(ctx.random.bytes(8)).toString("hex"),
  });
  const row = rowOf(ctx, knowledgeBaseId, input, revision, replaced);
  const { source } = input;
  const stored = "body" in source ? await storeUpload(ctx, revision, source.body, row.contentType) : null;
  try {
    await commitDocument(ctx, row, revision, replaced, { id: jobId, enclosed: stored?.enclosed });
  } catch (error) {
    if (stored !== null) ctx.later(ctx.ports.files.remove([stored.key]));
    // There may be no such knowledge base, which its absence tells better than a conflict.
    await loadKnowledgeBase(ctx, knowledgeBaseId);
    throw error;
  }
  return row;
}

/** Where it is stored, and the text to enclose where it need not be read for that. */
async function storeUpload(
  ctx: ServiceContext,
  revision: Revision,
  upload: string | Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<{ key: string; enclosed?: Enclosed }> {
  const text = await ownCanonicalText(ctx, upload, contentType);
  if (text === null) {
    const key = sourceKey(revision);
    await ctx.ports.files.put(key, upload, UNKNOWN_TYPE);
    return { key };
  }
  const key = textKey(revision);
  await ctx.ports.files.put(key, text, TEXT_TYPE);
  return { key, ...(text.length <= MAX_ENCLOSED && { enclosed: { key, text } }) };
}

async function findByExternalId(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  externalId: string | undefined,
): Promise<DocumentRow | null> {
  if (externalId === undefined) return null;
  const [row] = await ctx.db
    .select()
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, ctx.tenant.id),
        eq(documents.knowledgeBaseId, knowledgeBaseId),
        eq(documents.externalId, externalId),
      ),
    )
    .limit(1);
  return row ?? null;
}

function rowOf(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  input: NewDocument,
  revision: Revision,
  replaced: DocumentRow | null,
): DocumentRow {
  const now = ctx.clock.now();
  return {
    id: revision.documentId,
    tenantId: ctx.tenant.id,
    knowledgeBaseId,
    externalId: input.externalId ?? null,
    title: input.title,
    contentType: input.contentType ?? UNKNOWN_TYPE,
    sourceUrl: "url" in input.source ? input.source.url : null,
    metadata: input.metadata ?? {},
    status: "queued",
    version: revision.version,
    folder: revision.folder,
    indexedVersion: replaced?.indexedVersion ?? null,
    indexedFolder: replaced?.indexedFolder ?? null,
    indexedGeneration: replaced?.indexedGeneration ?? 0,
    attempts: 0,
    characters: replaced?.characters ?? 0,
    chunks: replaced?.chunks ?? 0,
    error: null,
    createdAt: replaced?.createdAt ?? now,
    updatedAt: now,
    indexedAt: replaced?.indexedAt ?? null,
  };
}

async function commitDocument(
  ctx: ServiceContext,
  row: DocumentRow,
  revision: Revision,
  replaced: DocumentRow | null,
  job: Pick<AskedTask, "id" | "enclosed">,
): Promise<void> {
  const { id: documentId, knowledgeBaseId } = row;
  // Guards that the knowledge base still is, and is true: it changed.
  const touched = ctx.db
    .update(knowledgeBases)
    .set({ updatedAt: row.updatedAt })
    .where(and(eq(knowledgeBases.tenantId, ctx.tenant.id), eq(knowledgeBases.id, knowledgeBaseId)));
  const change =
    replaced === null
      ? ctx.db.insert(documents).values(row)
      : ctx.db
          .update(documents)
          .set(row)
          .where(and(isAt(ctx, { knowledgeBaseId, documentId }), isStill(replaced)));
  await commit(ctx, {
    change: [touched, change],
    audit: {
      action: replaced === null ? "document.added" : "document.replaced",
      target: { type: "document", id: documentId },
      details: { knowledgeBaseId, title: row.title, version: row.version, sourceUrl: row.sourceUrl },
    },
    tasks: [
      { ...job, type: "document.ingest", payload: { knowledgeBaseId, ...revision } },
      ...superseded(replaced).map((old) => ({
        type: "document.remove" as const,
        payload: { knowledgeBaseId, revisions: [old] },
      })),
    ],
  });
}

/** Neither replaced by another nor indexed since it was read. */
function isStill({ version, indexedVersion }: DocumentRow) {
  return and(eq(documents.version, version), sql`${documents.indexedVersion} is ${indexedVersion}`);
}

/** A replaced revision that searches do not show is of no more use; one that they show goes when its successor is indexed. */
function superseded(replaced: DocumentRow | null): Revision[] {
  if (replaced === null || replaced.version === indexedRevision(replaced)?.version) return [];
  return [{ documentId: replaced.id, version: replaced.version, folder: replaced.folder }];
}
