import type { Metadata } from "../../domain/knowledge/metadata.ts";
import { insertFacts } from "./facts.ts";

/**
 * One index in SQLite. A document's chunks are numbered in a row, `first_chunk` on, and numbers are never used again.
 * `posting` holds no text: a word is the id of its term, so no tokenizer rule and no query operator can touch it.
 * `stop_pair_posting`, `stop_pair_unposted` and `chunk_stop_pairs` are the same of pairs of stop words.
 * `staged` documents have rows everywhere but in the postings and what is unposted. `directory`, `placement`, `shard_fill` and `topic_spread` are the
 * first object's.
 */
export function createTables(sql: SqlStorage): void {
  const [hasKeywordTable, hasFacts] = [hasTable(sql, "keyword"), hasTable(sql, "fact")];
  sql.exec(`
    create table if not exists state (
      id integer primary key check (id = 1),
      revision integer not null,
      next_chunk integer not null,
      chunks integer not null,
      tokens integer not null,
      embedder text
    );
    insert or ignore into state values (1, 0, 1, 0, 0, null);
    create table if not exists document (
      first_chunk integer primary key,
      chunks integer not null,
      document_id text not null unique,
      title text not null,
      metadata text not null,
      language text not null
    );
    create table if not exists fact (
      key text not null,
      value not null,
      first_chunk integer not null,
      primary key (key, value, first_chunk)
    ) without rowid;
    create index if not exists document_language on document (language);
    create table if not exists chunk (
      id integer primary key,
      chunk_id text not null,
      "start" integer not null,
      "end" integer not null,
      heading_path text not null,
      text text not null
    );
    create table if not exists chunk_tokens (
      id integer primary key,
      prefix_length integer not null,
      ids blob not null
    );
    create table if not exists chunk_stop_pairs (
      id integer primary key,
      prefix_length integer not null,
      ids blob not null
    );
    ${wordIndexTables("posting", "unposted")}
    ${wordIndexTables("stop_pair_posting", "stop_pair_unposted")}
    create table if not exists topic_model (
      generation integer primary key,
      chunks integer not null,
      is_in_force integer not null
    );
    create table if not exists topic_spread (
      generation integer primary key,
      shards integer not null
    );
    create table if not exists topic_term (
      generation integer not null,
      term integer not null,
      vector blob not null,
      primary key (generation, term)
    ) without rowid;
    create table if not exists topic_segment (
      generation integer not null,
      first_chunk integer not null,
      chunks integer not null,
      scales blob not null,
      bytes blob not null,
      primary key (generation, first_chunk)
    ) without rowid;
    create index if not exists topic_segment_chunk on topic_segment (first_chunk);
    create table if not exists vector_segment (
      first_chunk integer primary key,
      chunks integer not null,
      scales blob not null,
      bytes blob not null
    );
    create table if not exists staged (
      first_chunk integer primary key,
      mutation text
    );
    create table if not exists directory (
      id integer primary key check (id = 1),
      shards integer not null,
      vectors text
    );
    insert or ignore into directory values (1, 1, null);
    create table if not exists placement (
      document_id text primary key,
      shard integer not null,
      chunks integer not null
    ) without rowid;
    create table if not exists shard_fill (
      shard integer primary key,
      chunks integer not null
    );
  `);
  if (hasKeywordTable) leaveKeywordTable(sql);
  if (!hasFacts) noteFacts(sql);
}

function wordIndexTables(postings: string, unposted: string): string {
  return `
    create table if not exists ${postings} (
      term integer not null,
      first_chunk integer not null,
      last_chunk integer not null,
      chunks integer not null,
      data blob not null,
      primary key (term, first_chunk)
    ) without rowid;
    create table if not exists ${unposted} (
      first_chunk integer primary key,
      chunks integer not null
    );`;
}

function hasTable(sql: SqlStorage, name: string): boolean {
  return sql.exec("select 1 from sqlite_schema where name = ?", name).toArray().length > 0;
}

/** Indexes of before kept what filters ask for in the documents' rows alone. */
function noteFacts(sql: SqlStorage): void {
  for (const row of sql.exec("select first_chunk, metadata from document").toArray()) {
    insertFacts(sql, Number(row.first_chunk), JSON.parse(String(row.metadata)) as Metadata);
  }
}

/** Indexes of before kept their words in an FTS5 table. What it held follows from the chunks' tokens. */
function leaveKeywordTable(sql: SqlStorage): void {
  sql.exec("insert or ignore into unposted select first_chunk, chunks from document");
  sql.exec("drop table keyword");
  sql.exec("drop table term");
}
