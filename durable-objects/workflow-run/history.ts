import type { RunEvent } from "../../domain/workflows/run/event.ts";
import { type RunState, STATE_FORMAT } from "../../domain/workflows/run/state.ts";
import type { Rows } from "./rows.ts";
import type { Tables } from "./tables.ts";

//   L1  A row of `journal` holds the events of one decision; rows are only added, seq has no gaps.
//   L2  A snapshot is the state after `seq`, kept only to bound replay: without it the journal says the same.

interface EventText {
  seq: number;
  text: string;
}

interface EventRow extends Record<string, SqlStorageValue> {
  first_seq: number;
  last_seq: number;
  events: string;
}

// SQLite objects take 2 MB a value; a decision with more events is cut into several rows.
const MAX_ROW_CHARACTERS = 600_000;
/** A state larger than this is replayed from the journal instead. */
const MAX_SNAPSHOT_CHARACTERS = 16_000_000;
/** Of a snapshot's parts; events begin at 1. */
const SNAPSHOT_SEQ = 0;
/** Of events that leave at once, before the one that fills it: an answer between objects takes 32 MiB. */
const MAX_PAGE_CHARACTERS = 4_000_000;
/** Of a page; as many of the largest rows are still little beside an isolate's memory. */
const ROWS_AT_ONCE = 16;
/** Events that replay may read beyond the snapshot without being felt; large payloads get there before their number does. */
const HEAVY_CHARACTERS = 8_000_000;

/** The events of a run as rows, and the snapshot that spares replay most of them. */
export class History {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #rows: Rows;
  /** The newest snapshot, and what has been written since. */
  #snapshot = { seq: 0, characters: 0 };
  #sinceSnapshot = 0;

  constructor(sql: SqlStorage, tables: Tables, rows: Rows) {
    this.#sql = sql;
    this.#tables = tables;
    this.#rows = rows;
  }

  create(): void {
    this.#tables.make("journal", "(first_seq integer primary key, last_seq integer not null, events text not null)");
  }

  /** All of them or, when it throws, none. */
  append(events: readonly RunEvent[]): void {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) return;
    const text = JSON.stringify(events);
    this.#sinceSnapshot += text.length;
    if (text.length <= MAX_ROW_CHARACTERS) this.#insertRow(first.seq, last.seq, text);
    else this.#tables.transaction(() => this.#appendInRows(events));
  }

  #appendInRows(events: readonly RunEvent[]): void {
    const written = events.map((event) => ({ seq: event.seq, text: JSON.stringify(event) }));
    let row: EventText[] = [];
    let characters = 0;
    for (const event of written) {
      if (characters + event.text.length > MAX_ROW_CHARACTERS) {
        this.#insertTexts(row);
        row = [];
        characters = 0;
      }
      if (event.text.length > MAX_ROW_CHARACTERS) {
        this.#appendInParts(event);
        continue;
      }
      row.push(event);
      characters += event.text.length;
    }
    this.#insertTexts(row);
  }

  #insertTexts(events: readonly EventText[]): void {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#insertRow(first.seq, last.seq, `[${events.map(({ text }) => text).join(",")}]`);
  }

  #insertRow(first: number, last: number, events: string): void {
    this.#sql.exec(
      "insert into journal (first_seq, last_seq, events) values (?, ?, ?)",
      this.#rows.at(first),
      this.#rows.at(last),
      events,
    );
  }

  /** The items of a distributed Map may be more than one value can hold. */
  #appendInParts({ seq, text }: EventText): void {
    const at = this.#rows.at(seq);
    this.#sql.exec("insert into journal (first_seq, last_seq, events) values (?, ?, '')", at, at);
    this.#saveParts(seq, text);
  }

  #saveParts(seq: number, text: string): void {
    this.#tables.make(
      "parts",
      "(seq integer not null, part integer not null, text text not null, primary key (seq, part))",
    );
    for (let part = 0; part * MAX_ROW_CHARACTERS < text.length; part++) {
      const piece = text.slice(part * MAX_ROW_CHARACTERS, (part + 1) * MAX_ROW_CHARACTERS);
      const at = this.#rows.at(seq);
      this.#sql.exec("insert into parts (seq, part, text) values (?, ?, ?)", at, part, JSON.stringify(piece));
    }
  }

  #inParts(seq: number): string {
    const rows = this.#sql
      .exec<{ text: string }>("select text from parts where seq = ? order by part", this.#rows.at(seq))
      .toArray();
    return rows.map((row) => JSON.parse(row.text) as string).join("");
  }

  /** Events with `after < seq <= until`, in order. */
  events(after: number, until: number): RunEvent[] {
    const { events, characters } = this.#read(after, until, "asc", Number.POSITIVE_INFINITY);
    if (after === this.#snapshot.seq && until === Number.MAX_SAFE_INTEGER) this.#sinceSnapshot = characters;
    return events;
  }

  /** As many of them as leave at once, at least one; the newest first where `order` says so. */
  page(after: number, until: number, order: "asc" | "desc"): RunEvent[] {
    return this.#read(after, until, order, MAX_PAGE_CHARACTERS).events;
  }

  #read(after: number, until: number, order: "asc" | "desc", maxCharacters: number) {
    const isBounded = Number.isFinite(maxCharacters);
    const found: RunEvent[] = [];
    let characters = 0;
    const { base } = this.#rows;
    let [low, high] = [this.#rows.at(after), this.#rows.at(until)];
    for (;;) {
      const cursor = this.#sql.exec<EventRow>(
        `select first_seq, last_seq, events from journal where last_seq > ? and first_seq <= ?
          order by first_seq ${order} limit ?`,
        low,
        high,
        isBounded ? ROWS_AT_ONCE : -1,
      );
      let rows = 0;
      // A cursor that is left before its end keeps its table locked.
      for (const row of isBounded ? cursor.toArray() : cursor) {
        const text = row.events === "" ? `[${this.#inParts(row.first_seq - base)}]` : row.events;
        const events = JSON.parse(text) as RunEvent[];
        for (const event of order === "asc" ? events : events.reverse()) {
          if (event.seq > after && event.seq <= until) found.push(event);
        }
        rows++;
        characters += text.length;
        if (characters >= maxCharacters) return { events: found, characters };
        if (order === "asc") low = row.last_seq;
        else high = row.first_seq - 1;
      }
      if (!isBounded || rows < ROWS_AT_ONCE) return { events: found, characters };
    }
  }

  snapshot(): RunState | null {
    if (!this.#tables.has("snapshot")) return null;
    const [row] = this.#sql
      .exec<{ seq: number; state: string }>("select seq, state from snapshot where id = ?", this.#snapshotId)
      .toArray();
    if (row === undefined) return null;
    const text = row.state === "" ? this.#inParts(SNAPSHOT_SEQ) : row.state;
    this.#snapshot = { seq: row.seq, characters: text.length };
    const state = JSON.parse(text) as RunState;
    return state.format === STATE_FORMAT ? state : null;
  }

  /** Whether a replay would read more than a new snapshot costs, however few events there are. */
  get wantsSnapshot(): boolean {
    return this.#sinceSnapshot > Math.max(HEAVY_CHARACTERS, 2 * this.#snapshot.characters);
  }

  saveSnapshot(state: RunState): void {
    this.#tables.make("snapshot", "(id integer primary key, seq integer not null, state text not null)");
    const text = JSON.stringify(state);
    if (this.#snapshot.characters > MAX_ROW_CHARACTERS) {
      this.#sql.exec("delete from parts where seq = ?", this.#rows.at(SNAPSHOT_SEQ));
    }
    this.#snapshot = { seq: state.seq, characters: text.length };
    this.#sinceSnapshot = 0;
    if (text.length > MAX_SNAPSHOT_CHARACTERS) {
      // An older one must not stay: a rewind that reaches behind it would make it useless.
      this.#sql.exec("delete from snapshot where id = ?", this.#snapshotId);
      return;
    }
    const isInParts = text.length > MAX_ROW_CHARACTERS;
    if (isInParts) this.#saveParts(SNAPSHOT_SEQ, text);
    const kept = isInParts ? "" : text;
    this.#sql.exec(
      "insert or replace into snapshot (id, seq, state) values (?, ?, ?)",
      this.#snapshotId,
      state.seq,
      kept,
    );
  }

  get #snapshotId(): number {
    return this.#rows.at(1);
  }
}
