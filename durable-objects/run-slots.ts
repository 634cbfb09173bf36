import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../adapters/compose.ts";
import { MINUTE_MS, SECOND_MS } from "../domain/kernel/time.ts";
import { permitsAhead, slotLimit } from "../domain/workflows/run-slots.ts";
import type { PlatformContext } from "../services/context.ts";
import { findStanding } from "../services/limits/find-standing.ts";
import { loadTenant } from "../services/tenants/load-tenant.ts";
import type { SlotLease, SlotReport, TenantSlots } from "../services/workflows/ports.ts";

// Which runs of one tenant hold a slot, and which wait for one.
//   S1  Slots and permits that are leased together never exceed the limit, save by runs that go on after their end (redrive,
//       rewind) and by a limit that was lowered.
//   S2  A run that waits is granted a slot once one is free: the workflow with the fewest slots first, then the oldest.
//   S3  Nothing is lost in a crash: a run that was not told of its slot asks again, an end is reported until it is
//       acknowledged, a permit that nobody used expires, and a slot is looked after while it is held.

/** Of a lease. Its holder stops using it earlier, so that the runs it began are reported before it expires. */
const LEASE_MS = 30 * SECOND_MS;
const USABLE_MS = 20 * SECOND_MS;
/** How long a change of plan or setting may go unseen here. */
const LIMIT_MS = 3 * SECOND_MS;
const LOOK_AFTER_MS = 10 * MINUTE_MS;
const LOOKED_AFTER = 50;

export class RunSlots extends DurableObject<Env> implements TenantSlots {
  readonly #sql: SqlStorage;
  #limit: { value: number; readAt: number } | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(`
      create table if not exists slots (run_id text primary key, workflow text not null, seen_at integer not null) without rowid;
      create table if not exists waiting (id integer primary key, run_id text not null unique, workflow text not null);
      create index if not exists slots_by_workflow on slots (workflow);
      create index if not exists waiting_by_workflow on waiting (workflow, id);
      create table if not exists leases (id text primary key, permits integer not null, until integer not null) without rowid;
    `);
  }

  /** Permits for runs to come; none where some wait already, or where few are left. */
  async lease(): Promise<SlotLease> {
    const limit = await this.#readLimit();
    const now = Date.now();
    this.#sql.exec("delete from leases where until <= ?", now);
    const permits = this.#waiting() > 0 ? 0 : permitsAhead(limit, this.#used());
    if (permits === 0) return { id: null, permits: 0, until: now };
    const id = crypto.randomUUID();
    this.#sql.exec("insert into leases (id, permits, until) values (?, ?, ?)", id, permits, now + LEASE_MS);
    return { id, permits, until: now + USABLE_MS };
  }

  /** Whether the run holds a slot now; otherwise it is told when it does. Harmless to repeat. */
  async ask({ runId, workflow }: { runId: string; workflow: string }): Promise<boolean> {
    const limit = await this.#readLimit();
    if (this.#holds(runId)) return true;
    this.#sql.exec("insert or ignore into waiting (run_id, workflow) values (?, ?)", runId, workflow);
    this.#sql.exec("delete from leases where until <= ?", Date.now());
    this.#grant(limit, runId);
    return this.#holds(runId);
  }

  /** What the read models learned of runs. Harmless to repeat. */
  async report(reports: readonly SlotReport[]): Promise<void> {
    const limit = await this.#readLimit();
    for (const report of reports) this.#take(report);
    this.#sql.exec("delete from leases where until <= ? or permits <= 0", Date.now());
    this.#grant(limit, null);
    await this.#lookAfterLater();
  }

  /** Looks after the slots that nothing was heard of for the longest: their runs may be gone. */
  override async alarm(): Promise<void> {
    await this.#lookAfterLater();
    const rows = this.#sql.exec<{ run_id: string }>(
      "select run_id from slots where seen_at < ? order by seen_at limit ?",
      Date.now() - LOOK_AFTER_MS,
      LOOKED_AFTER,
    );
    const { runActors } = this.#platform().ports;
    for (const { run_id: runId } of rows.toArray()) {
      const run = await runActors.of(this.#tenantId(), runId).get();
      if (run === null || run.stoppedAt !== undefined) this.#sql.exec("delete from slots where run_id = ?", runId);
      else this.#sql.exec("update slots set seen_at = ? where run_id = ?", Date.now(), runId);
    }
    this.#grant(await this.#readLimit(), null);
  }

  #take({ runId, workflow, leaseId, isEnded, isWaiting }: SlotReport): void {
    if (isWaiting) return;
    const held = this.#holds(runId);
    if (isEnded) {
      this.#sql.exec("delete from waiting where run_id = ?", runId);
      this.#sql.exec("delete from slots where run_id = ?", runId);
    } else {
      const set = "on conflict (run_id) do update set seen_at = excluded.seen_at";
      this.#sql.exec(
        `insert into slots (run_id, workflow, seen_at) values (?, ?, ?) ${set}`,
        runId,
        workflow,
        Date.now(),
      );
    }
    // The permit has become the slot, or has served a run that was over before it was heard of.
    if (!held && leaseId !== null) {
      this.#sql.exec("update leases set permits = permits - 1 where id = ?", leaseId);
    }
  }

  #grant(limit: number, asking: string | null): void {
    for (let free = limit - this.#used(); free > 0; free--) {
      const [next] = this.#sql
        .exec<{ run_id: string; workflow: string }>(
          `select run_id, workflow, min(id) as oldest from waiting group by workflow
           order by (select count(*) from slots where slots.workflow = waiting.workflow), oldest limit 1`,
        )
        .toArray();
      if (next === undefined) return;
      this.#sql.exec("delete from waiting where run_id = ?", next.run_id);
      this.#sql.exec(
        "insert or ignore into slots (run_id, workflow, seen_at) values (?, ?, ?)",
        next.run_id,
        next.workflow,
        Date.now(),
      );
      if (next.run_id !== asking) this.#tell(next.run_id);
    }
  }

  /** Should this be lost, the run hears it when it asks again. */
  #tell(runId: string): void {
    const { ports, log } = this.#platform();
    const telling = ports.runActors.of(this.#tenantId(), runId).slotGranted();
    this.ctx.waitUntil(
      telling.catch((error: unknown) => log.warn("run-slots.not-told", { runId, error: String(error) })),
    );
  }

  #holds(runId: string): boolean {
    return this.#sql.exec("select 1 from slots where run_id = ?", runId).toArray().length > 0;
  }

  #used(): number {
    const { used } = this.#sql
      .exec<{ used: number }>(
        "select (select count(*) from slots) + (select coalesce(sum(permits), 0) from leases) as used",
      )
      .one();
    return used;
  }

  #waiting(): number {
    return this.#sql.exec<{ n: number }>("select count(*) as n from waiting").one().n;
  }

  async #lookAfterLater(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) !== null || this.#used() + this.#waiting() === 0) return;
    await this.ctx.storage.setAlarm(Date.now() + LOOK_AFTER_MS);
  }

  async #readLimit(): Promise<number> {
    const now = Date.now();
    if (this.#limit !== null && now - this.#limit.readAt < LIMIT_MS) return this.#limit.value;
    const platform = this.#platform();
    const tenantId = this.#tenantId();
    const [tenant, standing] = await Promise.all([loadTenant(platform, tenantId), findStanding(platform, tenantId)]);
    this.#limit = { value: slotLimit(standing.plan, tenant.settings), readAt: now };
    return this.#limit.value;
  }

  /** The object is always addressed by its tenant. */
  #tenantId(): string {
    const { name } = this.ctx.id;
    if (name === undefined) throw new Error("A tenant's slots were addressed without their name");
    return name;
  }

  #platform(): PlatformContext {
    return composePlatform(this.env, { waitUntil: (work) => this.ctx.waitUntil(work) });
  }
}
