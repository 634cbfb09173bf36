import type { RunEvent } from "../../domain/workflows/run/event.ts";
import type { RunState } from "../../domain/workflows/run/state.ts";
import type { ReviewRow, RunAct, StartRunRequest } from "../../services/workflows/ports.ts";
import { History } from "./history.ts";
import type { Rows } from "./rows.ts";
import type { Tables } from "./tables.ts";

// All that its object's database has of one run: how it began, its history (history.ts), its reviews, and who did what to it.
//   L3  What is changed together is written in one turn of the object, so SQLite commits it as one.
//   L4  A run touches no rows but its own, whichever others its object has.
//   L5  A run that is kept in memory (EXPRESS) leaves no trace before keep(); from then on it is like any other.

/** How a run began, kept as it was asked for. */
export type Origin = Omit<StartRunRequest, "act" | "input" | "waiter">;

type Mark = "called_off" | "queued" | "archived";

/** The tables of runs, and the column by which a row is a run's. */
const KEYS = {
  origin: "rowid",
  journal: "first_seq",
  parts: "seq",
  snapshot: "id",
  reviews: "seq",
  acts: "id",
  queued: "rowid",
  called_off: "rowid",
} as const;

interface Act {
  act: RunAct;
  at: number;
}

/** A run in memory, before it is kept. */
interface Unkept {
  origin: Origin;
  events: RunEvent[];
  acts: Act[];
}

/** The act that began the run stands with its origin, since most runs know no other. */
interface OriginRow extends Origin {
  begunBy?: Act;
}

/** Its number; further acts follow it. */
const BEGUN_BY = 1;

export class Journal {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #rows: Rows;
  readonly #history: History;
  #unkept: Unkept | null = null;
  /** Known since the origin was read or written. */
  #begunBy: Act | null = null;
  /** As the table has it, once it was asked. */
  #projected: { seq: number; act: number } | null = null;

  constructor({ sql }: DurableObjectStorage, tables: Tables, rows: Rows) {
    this.#sql = sql;
    this.#tables = tables;
    this.#rows = rows;
    this.#history = new History(sql, tables, rows);
  }

  get isKept(): boolean {
    return this.#unkept === null;
  }

  /** `null` where no run was ever started; asking leaves no trace. */
  origin(): Origin | null {
    if (this.#unkept !== null) return this.#unkept.origin;
    if (!this.#tables.has("origin")) return null;
    this.#upgrade();
    const [row] = this.#sql
      .exec<{ value: string }>("select value from origin where rowid = ?", this.#rows.id)
      .toArray();
    if (row === undefined) return null;
    const { begunBy, ...origin } = JSON.parse(row.value) as OriginRow;
    this.#begunBy = begunBy ?? null;
    return origin;
  }

  /** Runs of an earlier version kept in a table of its own how far the read models are. */
  #upgrade(): void {
    if (!this.#tables.has("projected")) return;
    this.#tables.transaction(() => {
      this.#sql.exec(`
        alter table origin add column seq integer not null default 0;
        alter table origin add column act integer not null default 0;
        update origin set seq = coalesce((select seq from projected), 0), act = coalesce((select act from projected), 0);
      `);
      this.#tables.drop("projected");
    });
  }

  /** The run that would have waited for this one has given up before this one began. */
  get isCalledOff(): boolean {
    return this.#isMarked("called_off");
  }

  callOff(): void {
    this.#mark("called_off");
  }

  /** Whether the run waits for a slot. */
  get isQueued(): boolean {
    return this.#tables.has("queued") && this.#hasRow("queued");
  }

  queue(): void {
    this.#mark("queued");
  }

  unqueue(): void {
    this.#sql.exec("delete from queued where rowid = ?", this.#rows.id);
  }

  /** The run was here and rests in the archive now. */
  get isArchived(): boolean {
    return this.#isMarked("archived");
  }

  /** Forgets everything but that. */
  leave(): void {
    this.#projected = null;
    if (this.#rows.isAlone) this.#tables.dropAll();
    else this.#deleteRows();
    this.#mark("archived");
  }

  #deleteRows(): void {
    for (const [table, key] of Object.entries(KEYS)) {
      if (!this.#tables.has(table)) continue;
      const { id, base, end } = this.#rows;
      if (key === "rowid") this.#sql.exec(`delete from ${table} where rowid = ?`, id);
      else this.#sql.exec(`delete from ${table} where ${key} >= ? and ${key} < ?`, base, end);
    }
  }

  #mark(table: Mark): void {
    this.#tables.make(table, "(at integer)");
    this.#sql.exec(`insert or replace into ${table} (rowid, at) values (?, ?)`, this.#rows.id, Date.now());
  }

  /** In an object of an earlier version the table alone says so, without a row. */
  #isMarked(table: Mark): boolean {
    return this.#tables.has(table) && (this.#rows.isAlone || this.#hasRow(table));
  }

  #hasRow(table: Mark): boolean {
    return this.#sql.exec(`select 1 from ${table} where rowid = ?`, this.#rows.id).toArray().length > 0;
  }

  createInMemory(origin: Origin, begunBy?: Act): void {
    this.#unkept = { origin, events: [], acts: begunBy === undefined ? [] : [begunBy] };
  }

  /** Writes down what was in memory. */
  keep(): void {
    if (this.#unkept === null) return;
    const { origin, events, acts } = this.#unkept;
    this.#unkept = null;
    const [begunBy, ...others] = acts;
    this.create(origin, begunBy);
    this.append(events);
    for (const { act, at } of others) this.addAct(act, at);
  }

  create(origin: Origin, begunBy?: Act): void {
    this.#tables.make(
      "origin",
      "(value text not null, seq integer not null default 0, act integer not null default 0)",
    );
    this.#history.create();
    const row: OriginRow = { ...origin, ...(begunBy !== undefined && { begunBy }) };
    this.#sql.exec("insert into origin (rowid, value) values (?, ?)", this.#rows.id, JSON.stringify(row));
    this.#begunBy = begunBy ?? null;
    this.#projected = { seq: 0, act: 0 };
  }

  /** All of them or, when it throws, none. */
  append(events: readonly RunEvent[]): void {
    if (this.#unkept !== null) {
      this.#unkept.events.push(...events);
      return;
    }
    this.#history.append(events);
  }

  /** Events with `after < seq <= until`, in order. */
  events(after: number, until = Number.MAX_SAFE_INTEGER): RunEvent[] {
    return this.#unkept === null ? this.#history.events(after, until) : this.#unkept.events.slice(after, until);
  }

  /** As many of them as leave at once, at least one; the newest first where `order` says so. */
  page(after: number, until: number, order: "asc" | "desc"): RunEvent[] {
    if (this.#unkept === null) return this.#history.page(after, until, order);
    const events = this.#unkept.events.slice(after, until);
    return order === "asc" ? events : events.reverse();
  }

  snapshot(): RunState | null {
    return this.#unkept === null ? this.#history.snapshot() : null;
  }

  get wantsSnapshot(): boolean {
    return this.#history.wantsSnapshot;
  }

  saveSnapshot(state: RunState): void {
    if (this.#unkept === null) this.#history.saveSnapshot(state);
  }

  saveReview(review: ReviewRow, seq: number): void {
    this.keep();
    this.#tables.make("reviews", "(id text primary key, seq integer not null, value text not null)");
    this.#sql.exec(
      "insert or replace into reviews (id, seq, value) values (?, ?, ?)",
      review.id,
      this.#rows.at(seq),
      JSON.stringify(review),
    );
  }

  reviews(changedAfter: number): ReviewRow[] {
    if (this.#unkept !== null || !this.#tables.has("reviews")) return [];
    const rows = this.#sql.exec<{ value: string }>(
      "select value from reviews where seq > ? and seq < ? order by seq",
      this.#rows.at(changedAfter),
      this.#rows.end,
    );
    return rows.toArray().map((row) => JSON.parse(row.value) as ReviewRow);
  }

  review(id: string): ReviewRow | null {
    if (this.#unkept !== null || !this.#tables.has("reviews")) return null;
    const [row] = this.#sql
      .exec<{ value: string }>(
        "select value from reviews where id = ? and seq >= ? and seq < ?",
        id,
        this.#rows.base,
        this.#rows.end,
      )
      .toArray();
    return row === undefined ? null : (JSON.parse(row.value) as ReviewRow);
  }

  addAct(act: RunAct, at: number): void {
    if (this.#unkept !== null) {
      this.#unkept.acts.push({ act, at });
      return;
    }
    this.#tables.make("acts", "(id integer primary key, at integer not null, value text not null)");
    const { base, end } = this.#rows;
    this.#sql.exec(
      `insert into acts (id, at, value)
        select coalesce(max(id), ?1) + 1, ?3, ?4 from acts where id >= ?1 and id < ?2`,
      base + BEGUN_BY,
      end,
      at,
      JSON.stringify(act),
    );
  }

  acts(after: number): (RunAct & { id: number; at: number })[] {
    if (this.#unkept !== null) return [];
    const first =
      this.#begunBy === null || after >= BEGUN_BY ? [] : [{ ...this.#begunBy.act, id: BEGUN_BY, at: this.#begunBy.at }];
    if (!this.#tables.has("acts")) return first;
    const rows = this.#sql.exec<{ id: number; at: number; value: string }>(
      "select id, at, value from acts where id > ? and id < ? order by id",
      this.#rows.at(after),
      this.#rows.end,
    );
    const { base } = this.#rows;
    const others = rows.toArray().map(({ id, at, value }) => ({ ...(JSON.parse(value) as RunAct), id: id - base, at }));
    return [...first, ...others];
  }

  /** How far the read models have come: the event and the act they stand at. */
  projected(): { seq: number; act: number } {
    if (this.#unkept !== null) return { seq: 0, act: 0 };
    this.#projected ??= this.#sql
      .exec<{ seq: number; act: number }>("select seq, act from origin where rowid = ?", this.#rows.id)
      .one();
    return this.#projected;
  }

  /** News are not heard in order: what was said before stands. */
  saveProjected(seq: number, act: number): void {
    const done = this.projected();
    if (seq <= done.seq && act <= done.act) return;
    this.#projected = { seq: Math.max(seq, done.seq), act: Math.max(act, done.act) };
    this.#sql.exec(
      "update origin set seq = ?, act = ? where rowid = ?",
      this.#projected.seq,
      this.#projected.act,
      this.#rows.id,
    );
  }
}
