// The hash chain of one tenant's audit log, named by the tenant: the only writer, so the chain cannot fork.
//   A1  an entry is sealed once: its id is unique here, and a repeated append passes it over.
//   A2  what is sealed is on disk before anchor or answer.
//   A3  an anchor that was signed and stored but not noted (a crash between) is taken up again, never signed anew.
import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../adapters/compose.ts";
import { ANCHOR_EVERY_MS, type Anchor, anchorDigest, isAnchorDue, type SignedAnchor } from "../domain/audit/anchor.ts";
import { CHAIN_START, type ChainPoint, type Link, linkHash } from "../domain/audit/chain.ts";
import { anchorKey } from "../services/audit/anchor-key.ts";

const RETRY_ANCHOR_MS = 60_000;

export class AuditLog extends DurableObject {
  #anchoring: Promise<void> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    for (const statement of TABLES) ctx.storage.sql.exec(statement);
  }

  async append(entries: { id: string; at: number; text: string }[]): Promise<void> {
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      let { seq, hash } = this.#end();
      for (const { id, at, text } of entries) {
        if (sql.exec("select 1 from link where entry_id = ?", id).toArray().length > 0) continue;
        seq += 1;
        hash = linkHash(hash, text);
        sql.exec("insert into link (seq, entry_id, at, hash) values (?, ?, ?, ?)", seq, id, at, hash);
      }
    });
    await this.#anchorIfDue();
  }

  span(): { base: ChainPoint; end: ChainPoint } {
    return { base: this.#base(), end: this.#end() };
  }

  links(after: number, limit: number): Link[] {
    return this.#links("seq > ?", after, limit);
  }

  anchors(): SignedAnchor[] {
    const rows = this.ctx.storage.sql.exec<{ jws: string; said: string }>(
      "select jws, said from anchor order by number",
    );
    return rows.toArray().map(({ jws, said }) => ({ jws, anchor: JSON.parse(said) as Anchor }));
  }

  unknown(entryIds: string[]): string[] {
    const rows = this.ctx.storage.sql.exec<{ id: string }>(
      "select value as id from json_each(?) where value not in (select entry_id from link)",
      JSON.stringify(entryIds),
    );
    return rows.toArray().map(({ id }) => id);
  }

  dropBefore(time: number): number {
    const { sql } = this.ctx.storage;
    const base = this.#base();
    const [found] = sql
      .exec<{ seq: number | null; hash: string }>(
        `select max(a."to") as seq, a.head as hash from anchor a where a."to" > ?
           and a."to" < coalesce((select min(seq) from link where seq > ? and at >= ?), 9e15)`,
        base.seq,
        base.seq,
        time,
      )
      .toArray();
    if (found?.seq == null) return 0;
    sql.exec("insert or replace into base (id, seq, hash) values (1, ?, ?)", found.seq, found.hash);
    return found.seq - base.seq;
  }

  dropped(limit: number): Link[] {
    return this.#links("seq <= ?", this.#base().seq, limit);
  }

  forget(throughSeq: number): void {
    const through = Math.min(throughSeq, this.#base().seq);
    this.ctx.storage.sql.exec("delete from link where seq <= ?", through);
  }

  override async alarm(): Promise<void> {
    try {
      await this.#anchorIfDue();
    } catch (error) {
      // A handler that throws is repeated a few times and then forgotten: the next try is ours to set.
      await this.ctx.storage.setAlarm(Date.now() + RETRY_ANCHOR_MS);
      composePlatform(this.env, { waitUntil: () => {} }).log.error("audit.anchor-failed", error);
    }
  }

  /** One at a time: signing and storing wait for the outside, and another append may come in between. */
  async #anchorIfDue(): Promise<void> {
    this.#anchoring ??= this.#anchor().finally(() => {
      this.#anchoring = null;
    });
    await this.#anchoring;
  }

  async #anchor(): Promise<void> {
    const platform = composePlatform(this.env, { waitUntil: (work) => this.ctx.waitUntil(work) });
    const { sql } = this.ctx.storage;
    const last = this.anchors().at(-1);
    const from = (last?.anchor.to ?? 0) + 1;
    const [uncovered] = sql
      .exec<{ entries: number; since: number | null }>(
        "select count(*) as entries, min(at) as since from link where seq >= ?",
        from,
      )
      .toArray();
    const since = uncovered?.since ?? null;
    if (uncovered === undefined || since === null) return;
    const now = platform.clock.now();
    if (!isAnchorDue({ entries: uncovered.entries, since }, now)) {
      await this.ctx.storage.setAlarm(since + ANCHOR_EVERY_MS);
      return;
    }
    const end = this.#end();
    const [lastLink] = this.#links("seq = ?", end.seq, 1);
    const tenantId = this.ctx.id.name ?? "";
    const number = (last?.anchor.number ?? 0) + 1;
    const key = anchorKey(tenantId, number);
    let jws = await platform.ports.files.text(key);
    let anchor = jws === null ? null : await platform.ports.auditWitness.readAnchor(jws);
    if (jws === null || anchor === null) {
      const previous = last === undefined ? null : anchorDigest(last.jws);
      const said = { tenantId, number, from, to: end.seq, head: end.hash, previous, at: now };
      anchor = { ...said, lastEntryId: lastLink?.entryId ?? "" };
      jws = await platform.ports.auditWitness.signAnchor(anchor);
      await platform.ports.files.put(key, jws, "application/jose");
    }
    sql.exec(
      `insert into anchor (number, "to", head, jws, said) values (?, ?, ?, ?, ?)`,
      ...[number, anchor.to, anchor.head, jws, JSON.stringify(anchor)],
    );
  }

  #links(where: string, bound: number, limit: number): Link[] {
    const rows = this.ctx.storage.sql.exec<{ seq: number; entry_id: string; hash: string }>(
      `select seq, entry_id, hash from link where ${where} order by seq limit ?`,
      bound,
      limit,
    );
    return rows.toArray().map(({ seq, entry_id: entryId, hash }) => ({ seq, entryId, hash }));
  }

  #base(): ChainPoint {
    return this.ctx.storage.sql.exec<Point>("select seq, hash from base").toArray()[0] ?? CHAIN_START;
  }

  #end(): ChainPoint {
    const last = this.ctx.storage.sql.exec<Point>("select seq, hash from link order by seq desc limit 1").toArray()[0];
    return last ?? this.#base();
  }
}

type Point = { seq: number; hash: string };

const TABLES = [
  "create table if not exists link (seq integer primary key, entry_id text not null unique, at integer not null, hash text not null)",
  `create table if not exists anchor (number integer primary key, "to" integer not null, head text not null, jws text not null, said text not null)`,
  "create table if not exists base (id integer primary key check (id = 1), seq integer not null, hash text not null)",
];
