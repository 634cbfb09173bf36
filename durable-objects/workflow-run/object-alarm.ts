import type { RunAlarm } from "./run-clock.ts";
import type { Tables } from "./tables.ts";

/**
 * The object's one alarm, shared by its runs. A run that is alone sets it by itself; of many runs a table says when each is
 * due, and the alarm is the first of them.
 */
export class ObjectAlarm {
  readonly #storage: DurableObjectStorage;
  readonly #tables: Tables;
  /** When the platform's alarm rings, as far as is known; null where none is known. */
  #at: number | null = null;

  constructor(storage: DurableObjectStorage, tables: Tables) {
    this.#storage = storage;
    this.#tables = tables;
  }

  of(run: number): RunAlarm {
    if (run === 0) {
      return { set: (at) => this.#storage.setAlarm(at), clear: () => this.#storage.deleteAlarm() };
    }
    return {
      set: (at) => {
        this.#tables.make("wakes", "(run integer primary key, at integer not null)");
        this.#storage.sql.exec("insert or replace into wakes (run, at) values (?, ?)", run, at);
        return this.#ringBy(at);
      },
      clear: () => this.#clear(run),
    };
  }

  /** The alarm has rung: which runs are due. Each sets its next time by itself, or clears it. */
  rang(): number[] {
    this.#at = null;
    if (!this.#tables.has("wakes")) return [0];
    const due = this.#storage.sql.exec<{ run: number }>("select run from wakes where at <= ?", Date.now());
    return due.toArray().map(({ run }) => run);
  }

  /** For those that were not due yet. */
  async goOn(): Promise<void> {
    if (!this.#tables.has("wakes")) return;
    const next = this.#storage.sql.exec<{ at: number | null }>("select min(at) as at from wakes").one();
    if (next.at !== null) await this.#ringBy(next.at);
  }

  /** An alarm that would find nothing due would wake the object for nothing. */
  async #clear(run: number): Promise<void> {
    if (!this.#tables.has("wakes")) return;
    const { sql } = this.#storage;
    if (sql.exec("delete from wakes where run = ?", run).rowsWritten === 0) return;
    if (sql.exec("select 1 from wakes limit 1").toArray().length > 0) return;
    this.#at = null;
    await this.#storage.deleteAlarm();
  }

  async #ringBy(at: number): Promise<void> {
    if (this.#at !== null && this.#at <= at) return;
    this.#at = at;
    await this.#storage.setAlarm(at);
  }
}
