import type { Language } from "../../domain/knowledge/analysis/language.ts";
import { EmbedderIdentity } from "../../domain/knowledge/embedding/embedder.ts";
import { LANGUAGES } from "../../domain/knowledge/index-totals.ts";

/** Totals of an index, kept beside it so that no search has to count. */
export interface IndexState {
  readonly revision: number;
  readonly nextChunk: number;
  readonly chunks: number;
  readonly tokens: number;
  readonly embedder: EmbedderIdentity | null;
}

export function readState(sql: SqlStorage): IndexState {
  const row = sql.exec("select revision, next_chunk, chunks, tokens, embedder from state").one();
  return {
    revision: Number(row.revision),
    nextChunk: Number(row.next_chunk),
    chunks: Number(row.chunks),
    tokens: Number(row.tokens),
    embedder: row.embedder === null ? null : EmbedderIdentity.parse(JSON.parse(String(row.embedder))),
  };
}

export function writeState(sql: SqlStorage, state: IndexState): void {
  sql.exec(
    "update state set revision = ?, next_chunk = ?, chunks = ?, tokens = ?, embedder = ?",
    state.revision,
    state.nextChunk,
    state.chunks,
    state.tokens,
    state.embedder === null ? null : JSON.stringify(state.embedder),
  );
}

/** The languages that its documents are in. */
export function readLanguages(sql: SqlStorage): Language[] {
  return LANGUAGES.filter(
    (language) => sql.exec("select 1 from document where language = ? limit 1", language).toArray().length > 0,
  );
}
