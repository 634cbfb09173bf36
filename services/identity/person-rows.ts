import { eq, sql } from "drizzle-orm";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { memberships, openIdIdentities, personKeys, recoveryCodes, secondFactors, users } from "./table.ts";

export type MembershipRow = typeof memberships.$inferSelect;

/** What an account consists of, beside what its sessions and mails leave. */
export interface PersonRows {
  user: typeof users.$inferSelect;
  key: typeof personKeys.$inferSelect | null;
  memberships: MembershipRow[];
  secondFactor: typeof secondFactors.$inferSelect | null;
  recoveryCodes: (typeof recoveryCodes.$inferSelect)[];
  openIdIdentities: (typeof openIdIdentities.$inferSelect)[];
}

export async function findPersonRows(platform: PlatformContext, userId: string): Promise<PersonRows | null> {
  const { db } = platform;
  const [[user], [key], joined, [secondFactor], codes, identities] = await db.batch([
    db.select().from(users).where(eq(users.id, userId)),
    db.select().from(personKeys).where(eq(personKeys.userId, userId)),
    // across tenants: the memberships of one user
    db.select().from(memberships).where(eq(memberships.userId, userId)),
    db.select().from(secondFactors).where(eq(secondFactors.userId, userId)),
    db.select().from(recoveryCodes).where(eq(recoveryCodes.userId, userId)),
    // across tenants: whoever vouched for them
    db.select().from(openIdIdentities).where(eq(openIdIdentities.userId, userId)),
  ]);
  if (user === undefined) return null;
  return {
    user,
    key: key ?? null,
    memberships: joined,
    secondFactor: secondFactor ?? null,
    recoveryCodes: codes,
    openIdIdentities: identities,
  };
}

/** The statements that bring an account back, into those of its tenants that are still there. */
export function insertPersonRows(
  { db }: PlatformContext,
  person: PersonRows,
  isThere: (tenantId: string) => boolean,
): Statement[] {
  const joined = person.memberships.filter(({ tenantId }) => isThere(tenantId));
  const identities = person.openIdIdentities.filter(({ tenantId }) => isThere(tenantId));
  return [
    db.insert(users).values(person.user),
    ...(person.key === null ? [] : [db.insert(personKeys).values(person.key)]),
    ...joined.map((row) => db.insert(memberships).values(row)),
    ...(person.secondFactor === null ? [] : [db.insert(secondFactors).values(person.secondFactor)]),
    ...person.recoveryCodes.map((row) => db.insert(recoveryCodes).values(row)),
    ...identities.map((row) => db.insert(openIdIdentities).values(row)),
  ];
}

/** The memberships of those who still have an account. */
export function insertMemberships({ db }: PlatformContext, rows: readonly MembershipRow[]): Statement {
  const member = (name: keyof MembershipRow) => sql.raw(`value->>'$.${name}'`);
  const hasAccount = sql`exists (select 1 from ${users} where ${users.id} = ${member("userId")})`;
  return db
    .insert(memberships)
    .select(
      sql`select ${member("tenantId")}, ${member("userId")}, ${member("role")}, ${member("joinedAt")} from json_each(${JSON.stringify(rows)}) where ${hasAccount}`,
    )
    .onConflictDoNothing();
}
