import { and, asc, count, eq, gt, inArray, isNull } from "drizzle-orm";
import { anchorFault, isNextAnchor, type SignedAnchor } from "../../domain/audit/anchor.ts";
import { type ChainFault, type ChainPoint, entryText, follow, type Link } from "../../domain/audit/chain.ts";
import type { AuditVerification } from "../../domain/audit/verification.ts";
import { hexDigest } from "../../domain/kernel/digest.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { anchorKey, anchorPrefix } from "./anchor-key.ts";
import { idsIn, sealAuditEntries } from "./seal-audit-entries.ts";
import { auditEntries, auditUnsealed } from "./table.ts";

// Three witnesses are held against each other: the rows in the database, the chain in the tenant's object, and the signed
// anchors among the files. Whoever changes one of them, or two, is found by the rest. What no anchor covers yet has, besides,
// its code: whoever holds both rows and chain cannot make that anew.

const PAGE = 1_000;

interface Found {
  fault: ChainFault;
  entryId: string | null;
}

interface Walk {
  entries: number;
  found: Found | null;
}

/** Follows the whole chain. That it was verified is itself recorded, after the fact. */
export async function verifyAuditLog(ctx: ServiceContext): Promise<AuditVerification> {
  requirePermission(ctx, "audit:read");
  await sealAuditEntries(ctx);
  const anchors = await ctx.ports.auditLogs.of(ctx.tenant.id).anchors();
  const { base, end } = await ctx.ports.auditLogs.of(ctx.tenant.id).span();
  const chain = await walkChain(ctx, base, end, anchors);
  const found = chain.found ?? (await anchorsBroken(ctx, anchors)) ?? (await strayRow(ctx, chain.entries));
  const valid = found === null;
  await commit(ctx, {
    change: [],
    audit: { action: "audit-log.verified", details: { valid, entries: chain.entries } },
  });
  return {
    valid,
    entries: chain.entries,
    firstBrokenId: found?.entryId ?? null,
    fault: found?.fault ?? null,
    from: base.seq + 1,
    head: end.hash,
    anchors: anchors.length,
  };
}

async function walkChain(
  ctx: ServiceContext,
  base: ChainPoint,
  end: ChainPoint,
  anchors: readonly SignedAnchor[],
): Promise<Walk> {
  const anchored = new Set(anchors.map(({ anchor }) => anchor.to));
  const hashAt = new Map<number, string>();
  const covered = anchors.at(-1)?.anchor.to ?? 0;
  let at = base;
  while (at.seq < end.seq) {
    const links = await ctx.ports.auditLogs.of(ctx.tenant.id).links(at.seq, PAGE);
    if (links.length === 0) break;
    const rows = await rowsOf(ctx, links);
    for (const link of links) {
      const row = rows.get(link.entryId);
      const isForged = row !== undefined && link.seq > covered && !ctx.ports.auditWitness.isProven(row.text, row.proof);
      const next = isForged ? "altered" : follow(at, link, row?.text);
      if (typeof next === "string") {
        return { entries: at.seq - base.seq, found: { fault: next, entryId: link.entryId } };
      }
      at = next;
      if (anchored.has(at.seq)) hashAt.set(at.seq, at.hash);
    }
  }
  return { entries: at.seq - base.seq, found: anchorFault(anchors, { base, end: at, hashAt }) };
}

async function rowsOf(
  ctx: ServiceContext,
  links: readonly Link[],
): Promise<Map<string, { text: string; proof: string | null }>> {
  const ids = idsIn(links.map(({ entryId }) => entryId));
  const rows = await ctx.db
    .select()
    .from(auditEntries)
    .where(and(eq(auditEntries.tenantId, ctx.tenant.id), inArray(auditEntries.id, ids)));
  return new Map(rows.map((row) => [row.id, { text: entryText(row), proof: row.proof }]));
}

/** Anchors must be ours, follow each other, and lie unchanged among the files; one that only the files know tells of a cut. */
async function anchorsBroken(ctx: ServiceContext, anchors: readonly SignedAnchor[]): Promise<Found | null> {
  const stored = new Map((await ctx.ports.files.entries(anchorPrefix(ctx.tenant.id))).map((file) => [file.key, file]));
  let previous: SignedAnchor | undefined;
  for (const signed of anchors) {
    const key = anchorKey(ctx.tenant.id, signed.anchor.number);
    const said = await ctx.ports.auditWitness.readAnchor(signed.jws);
    const isGenuine = said !== null && said.tenantId === ctx.tenant.id && isNextAnchor(previous, signed);
    // R2 answers the MD5 of what was put in one part, so that thousands of anchors are compared without reading them.
    const isStored = stored.get(key)?.etag.replaceAll('"', "") === hexDigest("md5", signed.jws);
    if (!isGenuine || !isStored) return { fault: "anchor", entryId: signed.anchor.lastEntryId };
    stored.delete(key);
    previous = signed;
  }
  for (const key of [...stored.keys()].sort()) {
    const jws = await ctx.ports.files.text(key);
    const anchor = jws === null ? null : await ctx.ports.auditWitness.readAnchor(jws);
    if (anchor !== null) return { fault: "cut", entryId: anchor.lastEntryId };
  }
  return null;
}

/** A row that the chain has never seen, or one that was gone before it could be sealed. */
async function strayRow(ctx: ServiceContext, sealed: number): Promise<Found | null> {
  const { db, tenant } = ctx;
  const [lost] = await db
    .select({ entryId: auditUnsealed.entryId })
    .from(auditUnsealed)
    .leftJoin(auditEntries, and(eq(auditEntries.tenantId, tenant.id), eq(auditEntries.id, auditUnsealed.entryId)))
    .where(and(eq(auditUnsealed.tenantId, tenant.id), isNull(auditEntries.id)))
    .orderBy(asc(auditUnsealed.entryId))
    .limit(1);
  if (lost !== undefined) return { fault: "removed", entryId: lost.entryId };
  const [rows] = await db.select({ rows: count() }).from(auditEntries).where(eq(auditEntries.tenantId, tenant.id));
  if ((rows?.rows ?? 0) <= sealed) return null;
  let after = "";
  for (;;) {
    const page = await db
      .select({ id: auditEntries.id })
      .from(auditEntries)
      .where(and(eq(auditEntries.tenantId, tenant.id), gt(auditEntries.id, after)))
      .orderBy(asc(auditEntries.id))
      .limit(PAGE);
    const ids = page.map(({ id }) => id);
    const unknown = await unsealedAmong(ctx, await ctx.ports.auditLogs.of(tenant.id).unknown(ids));
    const [first] = unknown;
    if (first !== undefined) return { fault: "inserted", entryId: first };
    after = ids.at(-1) ?? "";
    if (page.length < PAGE) return null;
  }
}

/** Without those that were written since and wait to be sealed. */
async function unsealedAmong(ctx: ServiceContext, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const waiting = await ctx.db
    .select({ entryId: auditUnsealed.entryId })
    .from(auditUnsealed)
    .where(and(eq(auditUnsealed.tenantId, ctx.tenant.id), inArray(auditUnsealed.entryId, idsIn(ids))));
  return ids.filter((id) => !waiting.some(({ entryId }) => entryId === id)).sort();
}
