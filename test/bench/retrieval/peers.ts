import { DatabaseSync } from "node:sqlite";
import { create, insertMultiple, search as searchOrama } from "@orama/orama";
import MiniSearch from "minisearch";
import type { IndexDocument } from "../../../domain/knowledge/index-contract.ts";
import type { Hit } from "./quality.ts";

/** Anything that ranks the same chunks for the same questions. */
export interface Peer {
  readonly name: string;
  rank(query: string, topK: number): Promise<Hit[]>;
}

interface Row extends Hit {
  readonly id: number;
  readonly text: string;
}

const ORAMA_LANGUAGES: Readonly<Record<string, string>> = { en: "english", ru: "russian", ar: "arabic" };

/** Each as its own documentation sets it up for full-text search, in the collection's language where it has one. */
export async function peersOver(documents: readonly IndexDocument[], language: string): Promise<Peer[]> {
  const rows = documents.flatMap(({ documentId, chunks }) =>
    chunks.map(({ start, end, text }) => ({ documentId, start, end, text })),
  );
  const numbered = rows.map((row, index) => ({ ...row, id: index + 1 }));
  return [fts5(numbered), await orama(numbered, language), minisearch(numbered)];
}

function fts5(rows: readonly Row[]): Peer {
  const database = new DatabaseSync(":memory:");
  database.exec("create virtual table chunks using fts5(text, tokenize='porter unicode61')");
  const insert = database.prepare("insert into chunks (rowid, text) values (?, ?)");
  for (const row of rows) insert.run(row.id, row.text);
  const select = database.prepare("select rowid from chunks where chunks match ? order by bm25(chunks) limit ?");
  return {
    name: "SQLite FTS5 bm25",
    async rank(query, topK) {
      const words = [...new Set(query.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [])];
      if (words.length === 0) return [];
      const found = select.all(words.map((word) => `"${word}"`).join(" OR "), topK);
      return found.flatMap((row) => rows[Number(row.rowid) - 1] ?? []);
    },
  };
}

async function orama(rows: readonly Row[], language: string): Promise<Peer> {
  const database = create({
    schema: { id: "string", text: "string" },
    language: ORAMA_LANGUAGES[language] ?? "english",
  });
  await insertMultiple(
    database,
    rows.map((row) => ({ id: String(row.id), text: row.text })),
  );
  return {
    name: "Orama 3.1.18",
    async rank(query, topK) {
      const { hits } = await searchOrama(database, { term: query, properties: ["text"], limit: topK, threshold: 1 });
      return hits.flatMap((hit) => rows[Number(hit.id) - 1] ?? []);
    },
  };
}

function minisearch(rows: readonly Row[]): Peer {
  const index = new MiniSearch({ fields: ["text"] });
  index.addAll(rows);
  return {
    name: "MiniSearch 7.2.0",
    async rank(query, topK) {
      return index
        .search(query)
        .slice(0, topK)
        .flatMap((hit) => rows[Number(hit.id) - 1] ?? []);
    },
  };
}
