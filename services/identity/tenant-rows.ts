import { and, asc, eq, gt, inArray, type SQL, sql } from "drizzle-orm";
import { isoTime } from "../../domain/kernel/time.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { type ExportedRow, type Key, type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import {
  apiKeys,
  closures,
  invitations,
  memberships,
  openIdConnections,
  openIdIdentities,
  openIdSignIns,
  refreshTokens,
  sessions,
  users,
} from "./table.ts";

export const IDENTITY_ROWS: readonly TenantRows[] = [
  { ...tenantRows(sessions), remove: removeSessions },
  { ...tenantRows(memberships), page: pageOfMembers },
  tenantRows(invitations, { by: ["createdAt", "id"], without: ["tokenHash"] }),
  tenantRows(apiKeys, { by: ["createdAt", "id"], without: ["hash"] }),
  tenantRows(openIdConnections, { by: ["tenantId"], without: ["clientSecret"] }),
  tenantRows(openIdIdentities, { by: ["issuer", "subject"] }),
  tenantRows(openIdSignIns),
  tenantRows(closures),
];

/** With who they are: of a member the tenant knows name and address. */
async function pageOfMembers(ctx: ServiceContext, after: Key | null, limit: number): Promise<ExportedRow[]> {
  const follows = after === null ? undefined : gt(memberships.userId, String(after[0]));
  const rows = await ctx.db
    .select({ membership: memberships, name: users.name, email: users.email })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(and(eq(memberships.tenantId, ctx.tenant.id), follows))
    .orderBy(asc(memberships.userId))
    .limit(limit);
  return rows.map(({ membership: { userId, role, joinedAt }, name, email }) => ({
    key: [userId],
    value: { userId, email, name, role, joinedAt: isoTime(joinedAt) },
  }));
}

/** With their tokens, which know their session alone. */
async function removeSessions(platform: PlatformContext, tenantId: string, limit: number): Promise<number> {
  const { db } = platform;
  const rows = await db.select({ id: sessions.id }).from(sessions).where(eq(sessions.tenantId, tenantId)).limit(limit);
  // Parameters of one statement are few on D1.
  const ids = JSON.stringify(rows.map(({ id }) => id));
  await db.batch([
    db.delete(refreshTokens).where(inArray(refreshTokens.sessionId, valuesOf(ids))),
    // across tenants: the ids come from this tenant's sessions
    db.delete(sessions).where(inArray(sessions.id, valuesOf(ids))),
  ]);
  return rows.length;
}

function valuesOf(ids: string): SQL {
  return sql`(select value from json_each(${ids}))`;
}
