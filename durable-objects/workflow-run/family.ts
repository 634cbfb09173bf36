import type { Waiter } from "../../services/workflows/ports.ts";
import type { Tables } from "./tables.ts";

// The runs that this one is bound to.
//   F1  A run that waits for this one is told of its end until it has answered.
//   F2  A child that is no longer waited for is called off until it has answered.
//   F3  What must be told is written in the commit that makes it so.

interface Child {
  key: string;
  runId: string;
}

interface WaiterRow extends Record<string, SqlStorageValue> {
  run_id: string;
  key: string;
}

export class Family {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor({ sql }: DurableObjectStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  awaitedBy({ runId, key }: Waiter): void {
    this.#createTables();
    this.#sql.exec("insert or ignore into waiters (run_id, key, is_due) values (?, ?, 0)", runId, key);
  }

  begun(children: readonly Child[]): void {
    if (children.length === 0) return;
    this.#createTables();
    for (const { key, runId } of children) {
      this.#sql.exec("insert or ignore into children (key, run_id, is_called_off) values (?, ?, 0)", key, runId);
    }
  }

  finished(keys: readonly string[]): void {
    if (!this.#exists()) return;
    for (const key of keys) this.#sql.exec("delete from children where key = ? and is_called_off = 0", key);
  }

  /** This run has ended: everyone who waits for it is to be told. */
  ended(): void {
    if (this.#exists()) this.#sql.exec("update waiters set is_due = 1");
  }

  /** The child of this effect, or all of them where it started many. */
  callOff(key: string): void {
    if (!this.#exists()) return;
    // "0" follows "/" in ASCII: every key that begins with `key/`.
    this.#sql.exec(
      "update children set is_called_off = 1 where key = ? or (key > ? and key < ?)",
      key,
      `${key}/`,
      `${key}0`,
    );
  }

  hasNews(): boolean {
    if (!this.#exists()) return false;
    const due =
      "select 1 from waiters where is_due = 1 union all select 1 from children where is_called_off = 1 limit 1";
    return this.#sql.exec(due).toArray().length > 0;
  }

  /** Who is to be told now. */
  waitersDue(): Waiter[] {
    if (!this.#exists()) return [];
    const rows = this.#sql.exec<WaiterRow>("select run_id, key from waiters where is_due = 1").toArray();
    return rows.map((row) => ({ runId: row.run_id, key: row.key }));
  }

  told({ runId, key }: Waiter): void {
    this.#sql.exec("delete from waiters where run_id = ? and key = ?", runId, key);
  }

  calledOff(): Child[] {
    if (!this.#exists()) return [];
    const rows = this.#sql.exec<WaiterRow>("select key, run_id from children where is_called_off = 1").toArray();
    return rows.map((row) => ({ key: row.key, runId: row.run_id }));
  }

  gone(key: string): void {
    this.#sql.exec("delete from children where key = ?", key);
  }

  /** Most runs stand alone and never need the tables. */
  #exists(): boolean {
    return this.#tables.has("waiters");
  }

  #createTables(): void {
    this.#tables.make(
      "waiters",
      "(run_id text not null, key text not null, is_due integer not null, primary key (run_id, key)) without rowid",
    );
    this.#tables.make(
      "children",
      "(key text primary key, run_id text not null, is_called_off integer not null) without rowid",
    );
  }
}
