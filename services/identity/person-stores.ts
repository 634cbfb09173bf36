import { count, eq } from "drizzle-orm";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import {
  mailedTokens,
  mails,
  memberships,
  openIdIdentities,
  personKeys,
  recoveryCodes,
  secondFactors,
  sessions,
  signInChallenges,
  users,
} from "./table.ts";

type PersonTable =
  | typeof users
  | typeof personKeys
  | typeof memberships
  | typeof sessions
  | typeof mailedTokens
  | typeof secondFactors
  | typeof recoveryCodes
  | typeof signInChallenges
  | typeof openIdIdentities
  | typeof mails;

/** One place where something of a person can be. */
export interface PersonStore {
  name: string;
  /** How many rows there are. */
  found(): Promise<number>;
  remove: Statement;
}

/** Everywhere that something of a person can be, save what is in their tenants. */
export function personStores(
  { db }: Pick<PlatformContext, "db">,
  { id, email }: { id: string; email: string },
): PersonStore[] {
  const store = (name: string, table: PersonTable, isTheirs: ReturnType<typeof eq>): PersonStore => ({
    name,
    found: async () => (await db.select({ rows: count() }).from(table).where(isTheirs))[0]?.rows ?? 0,
    remove: db.delete(table).where(isTheirs),
  });
  return [
    store("users", users, eq(users.id, id)),
    store("person-keys", personKeys, eq(personKeys.userId, id)),
    // across tenants: whatever names the person
    store("memberships", memberships, eq(memberships.userId, id)),
    store("sessions", sessions, eq(sessions.userId, id)),
    store("mailed-tokens", mailedTokens, eq(mailedTokens.userId, id)),
    store("second-factors", secondFactors, eq(secondFactors.userId, id)),
    store("recovery-codes", recoveryCodes, eq(recoveryCodes.userId, id)),
    store("sign-in-challenges", signInChallenges, eq(signInChallenges.userId, id)),
    store("openid-identities", openIdIdentities, eq(openIdIdentities.userId, id)),
    store("mails", mails, eq(mails.recipient, email)),
  ];
}
