import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { and, asc, eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { CHAIN_START, entryText, linkHash } from "../../../domain/audit/chain.ts";
import { DAY_MS, HOUR_MS } from "../../../domain/kernel/time.ts";
import { anchorPrefix } from "../../../services/audit/anchor-key.ts";
import { dropExpiredEntries } from "../../../services/audit/drop-expired-entries.ts";
import { insertEntriesOnce } from "../../../services/audit/insert-entries.ts";
import { sealAuditEntries } from "../../../services/audit/seal-audit-entries.ts";
import { sweepAuditLogs } from "../../../services/audit/sweep-audit-logs.ts";
import { auditEntries, auditUnsealed } from "../../../services/audit/table.ts";
import { verifyAuditLog } from "../../../services/audit/verify-audit-log.ts";
import { commit } from "../../../services/commit.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { refusesTheWrongActor } from "../../support/guards.ts";
import { withoutAuditTriggers } from "../../support/without-triggers.ts";

/** A tenant whose log holds these many entries, sealed. */
async function aLog(entries: number) {
  const owner = await aTenant();
  await act(owner.ctx, entries);
  await sealAuditEntries(owner.ctx);
  return owner;
}

async function act(ctx: ServiceContext, times: number): Promise<void> {
  const audit = Array.from({ length: times }, (_, n) => ({ action: "test.done", details: { n, name: "é\u2028" } }));
  await commit(ctx, { change: [], audit });
}

/** Entries made an hour or a day ago, as a run's acts are told later; `age` in milliseconds. */
async function actLongAgo(ctx: ServiceContext, times: number, age: number): Promise<void> {
  const old = Array.from({ length: times }, () => ({
    id: ctx.ids.next("aud"),
    tenantId: ctx.tenant.id,
    at: ctx.clock.now() - age,
    action: "test.old",
    actorType: "system",
    actorId: "test",
    targetType: null,
    targetId: null,
    ip: null,
    userAgent: null,
    requestId: "req_test",
  }));
  for (const statement of insertEntriesOnce(ctx, old)) await statement;
  await sealAuditEntries(ctx);
}

async function idsOf(ctx: ServiceContext): Promise<string[]> {
  const links = await ctx.ports.auditLogs.of(ctx.tenant.id).links(0, 10_000);
  return links.map(({ entryId }) => entryId);
}

/** The chain as somebody would make it who holds the object, too. */
async function computeAnew(ctx: ServiceContext, ids: readonly string[]): Promise<void> {
  let { hash } = CHAIN_START;
  for (const [n, id] of ids.entries()) {
    const [entry] = await ctx.db.select().from(auditEntries).where(row(ctx, id));
    if (entry !== undefined) hash = linkHash(hash, entryText(entry));
    const forged = hash;
    await runInDurableObject(
      objectOf(ctx),
      (_, state) => void state.storage.sql.exec("update link set hash = ? where seq = ?", forged, n + 1),
    );
  }
}

function objectOf(ctx: ServiceContext) {
  return env.AUDIT_LOG.getByName(ctx.tenant.id);
}

const row = (ctx: ServiceContext, id: string | undefined) =>
  and(eq(auditEntries.tenantId, ctx.tenant.id), eq(auditEntries.id, id ?? ""));

describe("sealing", () => {
  it("numbers entries without gaps, each once, however often and at once it is asked for", async () => {
    const owner = await aTenant();
    await act(owner.ctx, 30);
    await Promise.all([1, 2, 3].map(() => sealAuditEntries(owner.ctx)));
    await act(owner.ctx, 5);
    await sealAuditEntries(owner.ctx);
    const links = await owner.ctx.ports.auditLogs.of(owner.tenantId).links(0, 100);
    expect(links.map(({ seq }) => seq)).toEqual(Array.from({ length: 35 }, (_, n) => n + 1));
    expect(new Set(links.map(({ entryId }) => entryId)).size).toBe(35);
  });

  it("goes on where it was after the object was evicted", async () => {
    const { ctx } = await aLog(3);
    await evictDurableObject(objectOf(ctx));
    await act(ctx, 2);
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: true, entries: 5 });
  });

  it("is asked for by the clock for each tenant with entries that wait", async () => {
    const owner = await aTenant();
    await act(owner.ctx, 2);
    const asked: string[] = [];
    const queue = {
      send: async (messages: { tenantId: string }[]) => void asked.push(...messages.map((m) => m.tenantId)),
    };
    await sweepAuditLogs({ ...owner.ctx, ports: { ...owner.ctx.ports, queue } });
    expect(asked.filter((id) => id === owner.tenantId)).toHaveLength(1);
    await sealAuditEntries(owner.ctx);
    const waiting = await owner.ctx.db.select().from(auditUnsealed).where(eq(auditUnsealed.tenantId, owner.tenantId));
    expect(waiting).toEqual([]);
  });
});

describe("GET /v1/audit-entries/verify", () => {
  refusesTheWrongActor({
    name: "GET /v1/audit-entries/verify",
    permission: "audit:read",
    arrange: async () => ({ path: "/v1/audit-entries/verify" }),
    namesResource: false,
  });

  it("finds a log that nobody touched valid, and records that it was asked", async () => {
    const owner = await aLog(7);
    const { body } = await owner.call("/v1/audit-entries/verify");
    expect(body).toMatchObject({ valid: true, entries: 7, firstBrokenId: null, fault: null, from: 1 });
    const again = await owner.call("/v1/audit-entries/verify");
    expect(again.body).toMatchObject({ valid: true, entries: 8 });
  });

  it.each([
    ["action", { action: "test.forged" }],
    ["actor", { actorId: "usr_somebody" }],
    ["details", { details: { n: 99 } }],
    ["time", { at: 1 }],
    ["address", { ip: "192.0.2.1" }],
  ])("finds an altered %s", async (_, change) => {
    const { ctx } = await aLog(6);
    const id = (await idsOf(ctx))[3];
    await withoutAuditTriggers(() => ctx.db.update(auditEntries).set(change).where(row(ctx, id)));
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, entries: 3, firstBrokenId: id, fault: "altered" });
  });

  it("finds a removed row", async () => {
    const { ctx } = await aLog(6);
    const id = (await idsOf(ctx))[2];
    await withoutAuditTriggers(() => ctx.db.delete(auditEntries).where(row(ctx, id)));
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, firstBrokenId: id, fault: "removed" });
  });

  it("finds two rows that changed places", async () => {
    const { ctx } = await aLog(6);
    const [, second, third] = await idsOf(ctx);
    const [a] = await ctx.db.select().from(auditEntries).where(row(ctx, second));
    const [b] = await ctx.db.select().from(auditEntries).where(row(ctx, third));
    await withoutAuditTriggers(async () => {
      await ctx.db
        .update(auditEntries)
        .set({ ...b, id: second })
        .where(row(ctx, second));
      await ctx.db
        .update(auditEntries)
        .set({ ...a, id: third })
        .where(row(ctx, third));
    });
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, firstBrokenId: second, fault: "altered" });
  });

  it("finds an inserted row, with the triggers in place and without", async () => {
    const { ctx } = await aLog(4);
    const [example] = await ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, ctx.tenant.id)).limit(1);
    const forged = { ...example, id: ctx.ids.next("aud"), action: "test.forged" } as typeof auditEntries.$inferInsert;
    await ctx.db.insert(auditEntries).values(forged);
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, firstBrokenId: forged.id, fault: "inserted" });

    const { ctx: other } = await aLog(4);
    const hidden = { ...forged, id: other.ids.next("aud"), tenantId: other.tenant.id };
    await withoutAuditTriggers(() => other.db.insert(auditEntries).values(hidden));
    expect(await verifyAuditLog(other)).toMatchObject({ valid: false, firstBrokenId: hidden.id, fault: "inserted" });
  });

  it("finds a row that was altered or removed before it could be sealed", async () => {
    const altered = await aTenant();
    await act(altered.ctx, 3);
    const isAltered = eq(auditEntries.tenantId, altered.tenantId);
    const [, id] = (
      await altered.ctx.db.select().from(auditEntries).where(isAltered).orderBy(asc(auditEntries.id))
    ).map((r) => r.id);
    await withoutAuditTriggers(() =>
      altered.ctx.db.update(auditEntries).set({ action: "x" }).where(row(altered.ctx, id)),
    );
    expect(await verifyAuditLog(altered.ctx)).toMatchObject({ valid: false, firstBrokenId: id, fault: "inserted" });

    const removed = await aTenant();
    await act(removed.ctx, 3);
    const isRemoved = eq(auditEntries.tenantId, removed.tenantId);
    const [gone] = (
      await removed.ctx.db.select().from(auditEntries).where(isRemoved).orderBy(asc(auditEntries.id))
    ).map((r) => r.id);
    await withoutAuditTriggers(() => removed.ctx.db.delete(auditEntries).where(row(removed.ctx, gone)));
    expect(await verifyAuditLog(removed.ctx)).toMatchObject({ valid: false, firstBrokenId: gone, fault: "removed" });
  });

  it("finds a link that was taken out of the chain", async () => {
    const { ctx } = await aLog(5);
    const [, , third, fourth] = await idsOf(ctx);
    await runInDurableObject(
      objectOf(ctx),
      (_, state) => void state.storage.sql.exec("delete from link where entry_id = ?", third ?? ""),
    );
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, firstBrokenId: fourth, fault: "out-of-order" });
  });
});

describe("before the first anchor", () => {
  it("a chain that was computed anew over an altered row is found by the row's code", async () => {
    const { ctx } = await aLog(5);
    const ids = await idsOf(ctx);
    await withoutAuditTriggers(() =>
      ctx.db.update(auditEntries).set({ action: "test.forged" }).where(row(ctx, ids[2])),
    );
    await computeAnew(ctx, ids);
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, firstBrokenId: ids[2], fault: "altered" });
  });
});

describe("anchors", () => {
  it("are signed after a thousand entries and kept away from the database", async () => {
    const { ctx } = await aLog(600);
    await act(ctx, 600);
    await sealAuditEntries(ctx);
    const [first, ...others] = await ctx.ports.auditLogs.of(ctx.tenant.id).anchors();
    expect(first?.anchor).toMatchObject({ number: 1, from: 1, previous: null, tenantId: ctx.tenant.id });
    expect(first?.anchor.to).toBeGreaterThanOrEqual(1_000);
    expect(others).toEqual([]);
    const files = await ctx.ports.files.list(anchorPrefix(ctx.tenant.id));
    expect(await ctx.ports.files.text(files[0] ?? "")).toBe(first?.jws);
  });

  it("are signed an hour after the first entry that none covers, by the object's alarm", async () => {
    const { ctx } = await aLog(3);
    expect(await ctx.ports.auditLogs.of(ctx.tenant.id).anchors()).toEqual([]);
    await runInDurableObject(
      objectOf(ctx),
      (_, state) => void state.storage.sql.exec("update link set at = at - ?", HOUR_MS),
    );
    expect(await runDurableObjectAlarm(objectOf(ctx))).toBe(true);
    const [anchor] = await ctx.ports.auditLogs.of(ctx.tenant.id).anchors();
    expect(anchor?.anchor).toMatchObject({ number: 1, from: 1, to: 3 });
  });

  it("follow each other, and the log with them is valid", async () => {
    const { ctx } = await aTenant();
    await actLongAgo(ctx, 3, 2 * HOUR_MS);
    await actLongAgo(ctx, 2, 2 * HOUR_MS);
    const anchors = await ctx.ports.auditLogs.of(ctx.tenant.id).anchors();
    expect(anchors.map(({ anchor }) => [anchor.from, anchor.to])).toEqual([
      [1, 3],
      [4, 5],
    ]);
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: true, entries: 5, anchors: 2 });
  });

  it("tell of a tail that was cut from rows and chain alike", async () => {
    const { ctx } = await aTenant();
    await actLongAgo(ctx, 5, 2 * HOUR_MS);
    const ids = await idsOf(ctx);
    await withoutAuditTriggers(() => ctx.db.delete(auditEntries).where(row(ctx, ids[4])));
    await runInDurableObject(
      objectOf(ctx),
      (_, state) => void state.storage.sql.exec("delete from link where seq = 5"),
    );
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, firstBrokenId: ids[4], fault: "cut" });
    await runInDurableObject(objectOf(ctx), (_, state) => void state.storage.sql.exec("delete from anchor"));
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, firstBrokenId: ids[4], fault: "anchor" });
  });

  it("tell of a chain that was computed anew over altered rows", async () => {
    const { ctx } = await aTenant();
    await actLongAgo(ctx, 4, 2 * HOUR_MS);
    const ids = await idsOf(ctx);
    await withoutAuditTriggers(() =>
      ctx.db.update(auditEntries).set({ action: "test.forged" }).where(row(ctx, ids[1])),
    );
    await computeAnew(ctx, ids);
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, firstBrokenId: ids[3], fault: "anchor" });
  });

  it("that are exchanged among the files are found", async () => {
    const { ctx } = await aTenant();
    await actLongAgo(ctx, 2, 2 * HOUR_MS);
    const [file = ""] = await ctx.ports.files.list(anchorPrefix(ctx.tenant.id));
    await ctx.ports.files.put(file, "forged", "application/jose");
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: false, fault: "anchor" });
  });
});

describe("retention", () => {
  it("drops whole anchored segments, keeps their anchors, and the rest stays valid", async () => {
    const { ctx } = await aTenant();
    await actLongAgo(ctx, 4, 500 * DAY_MS);
    await actLongAgo(ctx, 3, 2 * HOUR_MS);
    await dropExpiredEntries(ctx);
    const kept = await ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, ctx.tenant.id));
    expect(kept.filter(({ action }) => action === "test.old")).toHaveLength(3);
    expect(kept).toContainEqual(expect.objectContaining({ action: "audit-log.shortened", details: { entries: 4 } }));
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: true, from: 5, entries: 4, anchors: 2 });
  });

  it("keeps a segment that is not anchored yet, or not wholly old", async () => {
    const { ctx } = await aTenant();
    await act(ctx, 2);
    await actLongAgo(ctx, 2, 2 * HOUR_MS);
    await dropExpiredEntries(ctx);
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: true, from: 1, entries: 4 });
  });

  it("takes up again what a crash left over", async () => {
    const { ctx } = await aTenant();
    await actLongAgo(ctx, 4, 500 * DAY_MS);
    await ctx.ports.auditLogs.of(ctx.tenant.id).dropBefore(ctx.clock.now() - 400 * DAY_MS);
    expect(await verifyAuditLog(ctx)).toMatchObject({ valid: true, from: 5 });
    await dropExpiredEntries(ctx);
    const kept = await ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, ctx.tenant.id));
    expect(kept.filter(({ action }) => action === "test.old")).toEqual([]);
  });

  it("alone may delete entries", async () => {
    const { ctx } = await aLog(1);
    const [id] = await idsOf(ctx);
    const refusal = await ctx.db
      .delete(auditEntries)
      .where(row(ctx, id))
      .catch((error: Error) => String(error.cause));
    expect(refusal).toContain("append-only");
  });
});
