import { DAY_MS, MINUTE_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { dropExpiredEntries } from "./drop-expired-entries.ts";
import { sealAuditEntries } from "./seal-audit-entries.ts";
import { auditEntries, auditUnsealed } from "./table.ts";

const MAX_TENANTS = 5_000;
// Once a day every tenant is looked at, at an hour when few work.
const DAILY_AT_MS = 3 * 60 * MINUTE_MS;

/** Asks for every tenant with entries to seal; once a day for all, so that retention reaches the idle too. Run by the clock, each minute. */
export async function sweepAuditLogs(platform: PlatformContext): Promise<void> {
  const timeOfDay = platform.clock.now() % DAY_MS;
  const isDaily = timeOfDay >= DAILY_AT_MS && timeOfDay < DAILY_AT_MS + MINUTE_MS;
  // across tenants: the clock serves all of them.
  const rows = isDaily
    ? await platform.db.selectDistinct({ tenantId: auditEntries.tenantId }).from(auditEntries)
    : await platform.db.selectDistinct({ tenantId: auditUnsealed.tenantId }).from(auditUnsealed).limit(MAX_TENANTS);
  await platform.ports.queue.send(rows.map(({ tenantId }) => ({ kind: "audit-due", tenantId })));
}

/** Seals what waits, and drops what is older than the tenant keeps. */
export async function tendAuditLog(ctx: ServiceContext): Promise<void> {
  await sealAuditEntries(ctx);
  await dropExpiredEntries(ctx);
}
