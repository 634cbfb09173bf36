import {
  decodedPostings,
  encodedPostings,
  mergedPostings,
  POSTING,
  type Postings,
  withoutChunks,
} from "../../domain/knowledge/ranking/posting-list.ts";

/** A part of a term's list, at rest. */
export interface PostingRow extends Record<string, SqlStorageValue> {
  term: number;
  first_chunk: number;
  last_chunk: number;
  chunks: number;
  data: ArrayBuffer;
}

/** Of one row: some 10 KB. */
const MAX_ROW_POSTINGS = 4_096;

/** The posting lists of a word index that are at rest in a table: of each term some rows, which follow each other by chunk. */
export class PostingRows {
  readonly #sql: SqlStorage;
  readonly #table: string;

  constructor(sql: SqlStorage, table: string) {
    this.#sql = sql;
    this.#table = table;
  }

  of(terms: readonly number[]): Iterable<Pick<PostingRow, "term" | "first_chunk" | "data">> {
    return this.#sql.exec<PostingRow>(
      `select term, first_chunk, data from ${this.#table} where term in (select value from json_each(?))`,
      JSON.stringify(terms),
    );
  }

  /** In how many chunks each term is; one that is in none is left out. */
  frequencies(terms: readonly number[]): Map<number, number> {
    const rows = this.#sql.exec<{ term: number; chunks: number }>(
      `select term, sum(chunks) chunks from ${this.#table}
       where term in (select value from json_each(?)) group by term`,
      JSON.stringify(terms),
    );
    return new Map(rows.toArray().map(({ term, chunks }) => [term, chunks]));
  }

  /** How many terms there are, those counted that are not at rest yet. */
  terms(pending: readonly number[]): number {
    const all = `select term from ${this.#table} union select value from json_each(?)`;
    return Number(this.#sql.exec(`select count(*) n from (${all})`, JSON.stringify(pending)).one().n);
  }

  newest(terms: readonly number[]): PostingRow[] {
    const rows = this.#sql.exec<PostingRow>(
      `select posting.* from json_each(?) wanted join ${this.#table} posting on posting.term = wanted.value
         and posting.first_chunk = (select max(first_chunk) from ${this.#table} newest where newest.term = wanted.value)`,
      JSON.stringify(terms),
    );
    return rows.toArray();
  }

  /** `newest` is the term's last row, if it has one. */
  append(term: number, postings: Postings, newest: PostingRow | undefined): void {
    const [first = 0] = postings;
    if (newest === undefined || (first > newest.last_chunk && newest.chunks >= MAX_ROW_POSTINGS)) {
      this.#insert(term, postings);
    } else if (first > newest.last_chunk) {
      this.#extend(newest, postings);
    } else {
      this.#insertAmong(term, postings);
    }
  }

  /** Takes chunks `first` up to `end` out of the terms' lists. */
  remove(terms: readonly number[], first: number, end: number): void {
    const rows = this.#sql.exec<PostingRow>(
      `select posting.* from json_each(?) wanted join ${this.#table} posting on posting.term = wanted.value
       where posting.first_chunk < ? and posting.last_chunk >= ?`,
      JSON.stringify(terms),
      end,
      first,
    );
    for (const row of rows.toArray()) {
      const held = decodedPostings(new Uint8Array(row.data), row.first_chunk);
      this.#replace([row], withoutChunks(held, first, end));
    }
  }

  #replace(rows: readonly PostingRow[], postings: Postings): void {
    for (const { term, first_chunk } of rows) {
      this.#sql.exec(`delete from ${this.#table} where term = ? and first_chunk = ?`, term, first_chunk);
    }
    const [row] = rows;
    if (row !== undefined) this.#insert(row.term, postings);
  }

  /** Of a document that was put in before others and is found after them. */
  #insertAmong(term: number, postings: Postings): void {
    const behind = `select * from ${this.#table} where term = ? and last_chunk >= ?`;
    const touched = this.#sql.exec<PostingRow>(behind, term, postings[0] ?? 0).toArray();
    const held = touched.flatMap((row) => decodedPostings(new Uint8Array(row.data), row.first_chunk));
    this.#replace(touched, mergedPostings(held, postings));
  }

  #extend(row: PostingRow, postings: Postings): void {
    const more = encodedPostings(postings, row.last_chunk);
    const data = new Uint8Array(row.data.byteLength + more.length);
    data.set(new Uint8Array(row.data));
    data.set(more, row.data.byteLength);
    this.#sql.exec(
      `update ${this.#table} set last_chunk = ?, chunks = ?, data = ? where term = ? and first_chunk = ?`,
      postings.at(-POSTING) ?? 0,
      row.chunks + postings.length / POSTING,
      data.buffer,
      row.term,
      row.first_chunk,
    );
  }

  #insert(term: number, postings: Postings): void {
    for (let at = 0; at < postings.length; at += MAX_ROW_POSTINGS * POSTING) {
      const part = postings.slice(at, at + MAX_ROW_POSTINGS * POSTING);
      const [first = 0, last = 0] = [part[0], part.at(-POSTING)];
      this.#sql.exec(
        `insert into ${this.#table} values (?, ?, ?, ?, ?)`,
        term,
        first,
        last,
        part.length / POSTING,
        encodedPostings(part, first).buffer,
      );
    }
  }
}
