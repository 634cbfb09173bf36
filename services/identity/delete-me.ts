import { and, count, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Role } from "../../domain/kernel/permission.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { commit, type Statement } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { closeTenant } from "../tenants/close-tenant.ts";
import { accountHolder } from "./account-holder.ts";
import { keepsAnOwner } from "./change-member-role.ts";
import { closureOf } from "./closure.ts";
import { lockOut, restTask } from "./delete-tenant.ts";
import { findPersonRows } from "./person-rows.ts";
import { personStores } from "./person-stores.ts";
import { forgetPrincipals, ofUser } from "./principals.ts";
import { apiKeys, invitations, memberships, refreshTokens, sessions, users } from "./table.ts";

/**
 * Takes the account out of every table, and what the platform keeps about the person beside it. Tenants they are alone in go
 * with them; a tenant with others must have another owner first. A mailed link brings it all back until it is erased.
 */
export async function deleteMe(ctx: ServiceContext): Promise<void> {
  const { userId } = await accountHolder(ctx);
  const person = await findPersonRows(ctx, userId);
  if (person === null) throw problem("unauthenticated");
  const { email } = person.user;
  const places = await placesOf(ctx, userId);
  const alone = places.filter(({ members }) => members === 1).map(({ tenantId }) => tenantId);
  const shared = places.filter(({ members }) => members > 1);
  const closure = await closureOf(ctx, { kind: "account", person, tenantIds: alone });

  await commit(ctx, {
    change: [
      ...shared.map((place) => leave(ctx, userId, place)),
      ...alone.flatMap((tenantId) => [isStillAlone(ctx, userId, tenantId), closeTenant(ctx, tenantId)]),
      ctx.db.delete(users).where(eq(users.id, userId)),
      closure.statement,
    ],
    also: [...alone.flatMap((tenantId) => lockOut(ctx, tenantId)), ...traces(ctx, userId, email)],
    audit: { action: "user.deleted", target: { type: "user", id: userId } },
    tasks: [await closure.notice(email, "Your account"), ...alone.map(restTask)],
    conflict: () => problem("last-owner", { detail: "Make someone else an owner of your tenants first." }),
  });
  forgetPrincipals(ofUser(userId));
  ctx.ports.personKeys.forget(userId);
}

/** Changes the one row that there must be: whoever joined meanwhile is not locked out with them. */
function isStillAlone({ db }: ServiceContext, userId: string, tenantId: string): Statement {
  const members = sql`(select count(*) from memberships o where o.tenant_id = ${tenantId})`;
  return db
    .update(memberships)
    .set({ userId })
    .where(and(eq(memberships.tenantId, tenantId), eq(memberships.userId, userId), sql`${members} = 1`));
}

interface Place {
  tenantId: string;
  role: Role;
  members: number;
}

async function placesOf(ctx: ServiceContext, userId: string): Promise<Place[]> {
  // across tenants: the memberships of one user
  const rows = await ctx.db
    .select({ tenantId: memberships.tenantId, role: memberships.role })
    .from(memberships)
    .where(eq(memberships.userId, userId));
  const tenantIds = JSON.stringify(rows.map(({ tenantId }) => tenantId));
  const counts = await ctx.db
    .select({ tenantId: memberships.tenantId, members: count() })
    .from(memberships)
    .where(inArray(memberships.tenantId, sql`(select value from json_each(${tenantIds}))`))
    .groupBy(memberships.tenantId);
  return rows.map((row) => ({
    ...row,
    members: counts.find(({ tenantId }) => tenantId === row.tenantId)?.members ?? 0,
  }));
}

function leave(ctx: ServiceContext, userId: string, { tenantId, role }: Place): Statement {
  const there = { ...ctx, tenant: { id: tenantId } };
  const isThis = and(
    eq(memberships.tenantId, tenantId),
    eq(memberships.userId, userId),
    eq(memberships.role, role),
    keepsAnOwner(there, null),
  );
  return ctx.db.delete(memberships).where(isThis);
}

/** What is kept about one person, wherever it is. */
function traces({ db, clock }: ServiceContext, userId: string, email: string): Statement[] {
  // across tenants: a person's sessions are theirs in every tenant
  const theirSessions = db.select({ id: sessions.id }).from(sessions).where(eq(sessions.userId, userId));
  const theirKeys = and(eq(apiKeys.createdBy, userId), isNull(apiKeys.revokedAt));
  return [
    db.delete(refreshTokens).where(inArray(refreshTokens.sessionId, theirSessions)),
    ...personStores({ db }, { id: userId, email }).map(({ remove }) => remove),
    // across tenants: whoever invited them
    db.delete(invitations).where(eq(invitations.email, email)),
    // across tenants: no key outlives the member who made it
    db.update(apiKeys).set({ revokedAt: clock.now() }).where(theirKeys),
  ];
}
