import { and, asc, eq, inArray, sql } from "drizzle-orm";
import type { PersonalData } from "../../domain/audit/personal-data.ts";
import type { Page, PageRequest } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { listMemberships } from "../identity/list-memberships.ts";
import { listSessions } from "../identity/list-sessions.ts";
import { loadMe } from "../identity/load-me.ts";
import { opened } from "../personal.ts";
import { toAuditEntry } from "./list-audit-entries.ts";
import { auditEntries } from "./table.ts";

// The export is one answer: far above what a person does, and small enough for an isolate's memory.
const MAX_ENTRIES = 10_000;

/** What the platform keeps about the signed-in user. That it was exported is itself recorded. */
export async function exportPersonalData(ctx: ServiceContext): Promise<PersonalData> {
  const { tenantId: _, role: __, ...user } = await loadMe(ctx);
  const memberships = await everyPage((page) => listMemberships(ctx, page));
  const sessions = await everyPage((page) => listSessions(ctx, page));
  const tenantIds = memberships.map(({ id }) => id);
  const entries = await ctx.db
    .select()
    .from(auditEntries)
    .where(
      and(
        inArray(auditEntries.tenantId, sql`(select value from json_each(${JSON.stringify(tenantIds)}))`),
        eq(auditEntries.actorType, "user"),
        eq(auditEntries.actorId, user.id),
      ),
    )
    .orderBy(asc(auditEntries.at))
    .limit(MAX_ENTRIES);
  await commit(ctx, { change: [], audit: { action: "user.exported", target: { type: "user", id: user.id } } });
  return {
    exportedAt: isoTime(ctx.clock.now()),
    user,
    memberships,
    sessions,
    auditEntries: (await opened(ctx, entries)).map(toAuditEntry),
  };
}

async function everyPage<T>(read: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: 100, ...(cursor !== undefined && { cursor }) });
    all.push(...page.data);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}
