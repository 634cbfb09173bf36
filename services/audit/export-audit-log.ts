import { and, eq, inArray } from "drizzle-orm";
import type { AuditEntry, AuditQuery } from "../../domain/audit/entry.ts";
import { CSV_COLUMNS, csvRow } from "../../domain/audit/export.ts";
import { csvLine } from "../../domain/kernel/csv.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { filterOf, findAuditEntries } from "./list-audit-entries.ts";
import { idsIn, sealAuditEntries } from "./seal-audit-entries.ts";
import { auditEntries } from "./table.ts";

const PAGE = 100;
const CHAIN_PAGE = 500;

/** Every entry that the query names, newest first, as text in pieces. That it was exported is recorded first. */
export async function exportAuditEntries(
  ctx: ServiceContext,
  query: AuditQuery,
  format: "csv" | "jsonl",
): Promise<AsyncIterable<string>> {
  requirePermission(ctx, "audit:read");
  await commit(ctx, {
    change: [],
    audit: { action: "audit-log.exported", details: { format, filter: filterOf(query) } },
  });
  return format === "csv" ? csv(ctx, query) : jsonLines(ctx, query);
}

async function* csv(ctx: ServiceContext, query: AuditQuery): AsyncIterable<string> {
  yield csvLine(CSV_COLUMNS);
  for await (const page of pages(ctx, query)) yield page.map(csvRow).join("");
}

async function* jsonLines(ctx: ServiceContext, query: AuditQuery): AsyncIterable<string> {
  for await (const page of pages(ctx, query)) yield page.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

async function* pages(ctx: ServiceContext, query: AuditQuery): AsyncIterable<AuditEntry[]> {
  let cursor = query.cursor;
  do {
    const page = await findAuditEntries(ctx, { ...query, limit: PAGE, cursor });
    yield page.data;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/** The chain with its entries and signed anchors, as JSON Lines: all that scripts/verify-audit.ts needs besides the public keys. */
export async function exportAuditChain(ctx: ServiceContext): Promise<AsyncIterable<string>> {
  requirePermission(ctx, "audit:read");
  await commit(ctx, { change: [], audit: { action: "audit-log.exported", details: { format: "chain" } } });
  await sealAuditEntries(ctx);
  return chain(ctx);
}

async function* chain(ctx: ServiceContext): AsyncIterable<string> {
  const log = ctx.ports.auditLogs.of(ctx.tenant.id);
  const { base, end } = await log.span();
  yield line({ kind: "chain", tenantId: ctx.tenant.id, base });
  for (const { jws } of await log.anchors()) yield line({ kind: "anchor", jws });
  for (let after = base.seq; after < end.seq; ) {
    const links = await log.links(after, CHAIN_PAGE);
    const last = links.at(-1);
    if (last === undefined) return;
    const rows = await ctx.db
      .select()
      .from(auditEntries)
      .where(
        and(
          eq(auditEntries.tenantId, ctx.tenant.id),
          inArray(auditEntries.id, idsIn(links.map(({ entryId }) => entryId))),
        ),
      );
    const byId = new Map(rows.map(({ proof: _, ...entry }) => [entry.id, entry]));
    yield links.map((link) => line({ kind: "entry", ...link, entry: byId.get(link.entryId) ?? null })).join("");
    after = last.seq;
  }
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
