import { inArray, sql } from "drizzle-orm";
import { auditRetentionMs } from "../../domain/audit/retention.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { findSettings } from "../tenants/find-settings.ts";
import { idsIn } from "./seal-audit-entries.ts";
import { auditDropping, auditEntries } from "./table.ts";

const BATCH = 500;

/**
 * Drops what is older than the tenant keeps: whole anchored segments, so that what stays goes on from a signed point. The anchors
 * stay. The chain's beginning moves first; entries left over by a crash are known as dropped and go the next time.
 */
export async function dropExpiredEntries(ctx: ServiceContext): Promise<void> {
  const log = ctx.ports.auditLogs.of(ctx.tenant.id);
  const settings = await findSettings(ctx, ctx.tenant.id);
  const entries = await log.dropBefore(ctx.clock.now() - auditRetentionMs(settings));
  if (entries > 0) {
    await commit(ctx, { change: [], audit: { action: "audit-log.shortened", details: { entries } } });
  }
  for (;;) {
    const links = await log.dropped(BATCH);
    const last = links.at(-1);
    if (last === undefined) return;
    const ids = JSON.stringify(links.map(({ entryId }) => entryId));
    await ctx.db.batch([
      ctx.db.insert(auditDropping).select(sql`select value from json_each(${ids})`),
      // across tenants: the ids come from this tenant's chain
      ctx.db.delete(auditEntries).where(inArray(auditEntries.id, idsIn(links.map(({ entryId }) => entryId)))),
      ctx.db.delete(auditDropping),
    ]);
    await log.forget(last.seq);
  }
}
