/**
 * One index in SQLite. A document's chunks are numbered in a row, `first_chunk` on, and numbers are never used again.
 * `keyword` holds no text: its words are term ids in base 36, so no tokenizer rule and no query operator can touch them.
 */
export function createTables(sql: SqlStorage): void {
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
    create virtual table if not exists keyword using fts5(
      body, content='', contentless_delete=1, tokenize='ascii'
    );
    create table if not exists term (
      id integer primary key,
      frequency integer not null
    );
    create table if not exists vector_segment (
      first_chunk integer primary key,
      chunks integer not null,
      scales blob not null,
      bytes blob not null
    );
  `);
}
