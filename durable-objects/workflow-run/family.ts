import type { Waiter } from "../../services/workflows/ports.ts";
import type { Rows } from "./rows.ts";
import type { Tables } from "./tables.ts";

// The runs that this one is bound to.
//   F1  A run that waits for this one is told of its end until it has answered.
//   F2  A child that is no longer waited for is called off until it has answered.
//   F3  What must be told is written in the commit that makes it so.

/** Of the rows of all runs of the object. */
const OWN = "key >= ? and key < ?";

interface WaiterRow extends Record<string, SqlStorageValue> {
  run_id: string;
  key: string;
}

export class Family {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #rows: Rows;

  constructor({ sql }: DurableObjectStorage, tables: Tables, rows: Rows) {
    this.#sql = sql;
    this.#tables = tables;
    this.#rows = rows;
  }

  /** Most runs stand alone and never need the tables. */
  get hasAny(): boolean {
    return this.#tables.has("waiters");
  }

  awaitedBy({ runId, key }: Waiter): void {
    this.#createTables();
    this.#sql.exec("insert or ignore into waiters (run_id, key, is_due) values (?, ?, 0)", runId, this.#own(key));
  }

  begun(children: readonly Waiter[]): void {
    if (children.length === 0) return;
    this.#createTables();
    for (const { key, runId } of children) {
      this.#sql.exec(
        "insert or ignore into children (key, run_id, is_called_off) values (?, ?, 0)",
        this.#own(key),
        runId,
      );
    }
  }

  finished(keys: readonly string[]): void {
    if (!this.hasAny) return;
    for (const key of keys) this.#sql.exec("delete from children where key = ? and is_called_off = 0", this.#own(key));
  }

  /** This run has ended: everyone who waits for it is to be told. */
  ended(): void {
    if (this.hasAny) this.#sql.exec(`update waiters set is_due = 1 where ${OWN}`, ...this.#range());
  }

  /** The child of this effect, or all of them where it started many. */
  callOff(key: string): void {
    if (!this.hasAny) return;
    const own = this.#own(key);
    // "0" follows "/" in ASCII: every key that begins with `key/`.
    this.#sql.exec(
      "update children set is_called_off = 1 where key = ? or (key > ? and key < ?)",
      own,
      `${own}/`,
      `${own}0`,
    );
  }

  hasNews(): boolean {
    if (!this.hasAny) return false;
    const due = `select 1 from waiters where is_due = 1 and ${OWN}
      union all select 1 from children where is_called_off = 1 and ${OWN} limit 1`;
    const range = this.#range();
    return this.#sql.exec(due, ...range, ...range).toArray().length > 0;
  }

  /** Who is to be told now. */
  waitersDue(): Waiter[] {
    if (!this.hasAny) return [];
    const due = `select run_id, key from waiters where is_due = 1 and ${OWN}`;
    return this.#found(this.#sql.exec<WaiterRow>(due, ...this.#range()));
  }

  told({ runId, key }: Waiter): void {
    this.#sql.exec("delete from waiters where run_id = ? and key = ?", runId, this.#own(key));
  }

  calledOff(): Waiter[] {
    if (!this.hasAny) return [];
    const due = `select run_id, key from children where is_called_off = 1 and ${OWN}`;
    return this.#found(this.#sql.exec<WaiterRow>(due, ...this.#range()));
  }

  gone(key: string): void {
    this.#sql.exec("delete from children where key = ?", this.#own(key));
  }

  /** The run is gone, and with it whom it was bound to. */
  leave(): void {
    if (!this.hasAny) return;
    for (const table of ["waiters", "children"]) this.#sql.exec(`delete from ${table} where ${OWN}`, ...this.#range());
  }

  #own(key: string): string {
    return `${this.#rows.prefix}${key}`;
  }

  /** A key begins with the number of a scope, which `~` follows. */
  #range(): [string, string] {
    return [this.#rows.prefix, `${this.#rows.prefix}~`];
  }

  #found(rows: Iterable<WaiterRow>): Waiter[] {
    return [...rows].map((row) => ({ runId: row.run_id, key: row.key.slice(this.#rows.prefix.length) }));
  }

  #createTables(): void {
    this.#tables.make(
      "waiters",
      "(run_id text not null, key text not null, is_due integer not null, primary key (key, run_id)) without rowid",
    );
    this.#tables.make(
      "children",
      "(key text primary key, run_id text not null, is_called_off integer not null) without rowid",
    );
  }
}
