// One version of a document's content: a folder of files and an entry in the index.
//   V1  a revision has its folder and its entry to itself, so a late writer never overwrites what came after.
//   V2  searches show the revision that the document's row names as indexed, and no other.
//   V3  what is superseded or deleted is removed by a task of the commit that did so; who finds that the row has gone on
//       while it wrote removes what it wrote.
import type { DocumentRow } from "./table.ts";

export interface Revision {
  documentId: string;
  version: number;
  folder: string;
}

/** A revision that is to be read. */
export interface Ingestion extends Revision {
  knowledgeBaseId: string;
}

export function newRevision(
  tenantId: string,
  knowledgeBaseId: string,
  document: { documentId: string; version: number; uploadId: string },
): Revision {
  const { documentId, version, uploadId } = document;
  const folder = `${knowledgeBaseFolder(tenantId, knowledgeBaseId)}${documentId}/${version}-${uploadId}`;
  return { documentId, version, folder };
}

export function knowledgeBaseFolder(tenantId: string, knowledgeBaseId: string): string {
  return `${tenantId}/knowledge/${knowledgeBaseId}/`;
}

/** The bytes as they came, under no type: what a client says of them stays in the row. */
export function sourceKey({ folder }: Pick<Revision, "folder">): string {
  return `${folder}/source`;
}

/** The canonical text: what is chunked, and what every offset and quote refers to. */
export function textKey({ folder }: Pick<Revision, "folder">): string {
  return `${folder}/text`;
}

/** What the canonical text is stored as. */
export const TEXT_TYPE = "text/plain; charset=utf-8";

/** What the index knows the revision as. */
export function indexEntry({ documentId, version }: Omit<Revision, "folder">): string {
  return `${documentId}.${version}`;
}

export function ofIndexEntry(entry: string): Omit<Revision, "folder"> {
  const dot = entry.lastIndexOf(".");
  return { documentId: entry.slice(0, dot), version: Number(entry.slice(dot + 1)) };
}

/** The same for the same text, so that a repeated ingestion yields the same chunks. */
export function chunkId({ documentId, version }: Omit<Revision, "folder">, index: number): string {
  return `chk_${documentId.replace(/^doc_/, "")}_${version}_${index}`;
}

/** Every revision that the row still holds on to. */
export function revisionsOf(row: DocumentRow): Revision[] {
  const current = { documentId: row.id, version: row.version, folder: row.folder };
  const indexed = indexedRevision(row);
  return indexed === null || indexed.version === current.version ? [current] : [current, indexed];
}

export function indexedRevision(row: DocumentRow): Revision | null {
  if (row.indexedVersion === null || row.indexedFolder === null) return null;
  return { documentId: row.id, version: row.indexedVersion, folder: row.indexedFolder };
}
