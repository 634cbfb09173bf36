import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { ApiKey } from "../../domain/identity/api-key.ts";
import type { Invitation } from "../../domain/identity/invitation.ts";
import type { User } from "../../domain/identity/user.ts";
import type { Role, Scope } from "../../domain/kernel/permission.ts";
import { isoTime } from "../../domain/kernel/time.ts";

// Times in milliseconds. Secrets rest as SHA-256 digests: they are random, so nothing slower is needed.

export const users = sqliteTable(
  "users",
  {
    id: text().primaryKey(),
    email: text().notNull(),
    name: text(),
    passwordHash: text().notNull(),
    emailVerifiedAt: integer(),
    createdAt: integer().notNull(),
  },
  (table) => [uniqueIndex("users_by_email").on(table.email)],
);

/** What a person's traces in logs are sealed with; itself sealed, bound to the person. Gone with the account. */
export const personKeys = sqliteTable("person_keys", {
  userId: text().primaryKey(),
  key: text().notNull(),
  createdAt: integer().notNull(),
});

export const memberships = sqliteTable(
  "memberships",
  {
    tenantId: text().notNull(),
    userId: text().notNull(),
    role: text().$type<Role>().notNull(),
    joinedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.userId] }),
    index("memberships_by_user").on(table.userId, table.joinedAt),
  ],
);

export const invitations = sqliteTable(
  "invitations",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    email: text().notNull(),
    role: text().$type<Role>().notNull(),
    tokenHash: text().notNull(),
    invitedBy: text().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    acceptedAt: integer(),
    revokedAt: integer(),
  },
  (table) => [
    uniqueIndex("invitations_by_token").on(table.tokenHash),
    index("invitations_by_tenant").on(table.tenantId, table.createdAt, table.id),
  ],
);

/** One sign-in in one tenant: a family of refresh tokens. */
export const sessions = sqliteTable(
  "sessions",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    userId: text().notNull(),
    ip: text(),
    userAgent: text(),
    createdAt: integer().notNull(),
    lastSeenAt: integer().notNull(),
    expiresAt: integer().notNull(),
    endedAt: integer(),
    /** `openid`: begun through the tenant's issuer, and therefore confined to the tenant. */
    via: text({ enum: ["openid"] }),
  },
  (table) => [index("sessions_by_user").on(table.userId, table.createdAt, table.id)],
);

export const refreshTokens = sqliteTable(
  "refresh_tokens",
  {
    hash: text().primaryKey(),
    sessionId: text().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    usedAt: integer(),
    /** With the spent token it yields the successor; alone it is worth nothing. */
    successorSalt: text(),
    successorHash: text(),
  },
  (table) => [index("refresh_tokens_by_expiry").on(table.expiresAt)],
);

export const apiKeys = sqliteTable(
  "api_keys",
  {
    id: text().primaryKey(),
    tenantId: text().notNull(),
    name: text().notNull(),
    hash: text().notNull(),
    prefix: text().notNull(),
    lastFour: text().notNull(),
    scopes: text({ mode: "json" }).$type<Scope[]>().notNull(),
    createdBy: text().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer(),
    lastUsedAt: integer(),
    replacedBy: text(),
    revokedAt: integer(),
    /** Requests may also be signed with the secret that is derived from the key's id. */
    awsSigV4: integer("aws_sigv4", { mode: "boolean" }).notNull().default(false),
  },
  (table) => [
    uniqueIndex("api_keys_by_hash").on(table.hash),
    index("api_keys_by_tenant").on(table.tenantId, table.createdAt, table.id),
  ],
);

/** Single-use secrets that travel by mail. */
export const mailedTokens = sqliteTable(
  "mailed_tokens",
  {
    hash: text().primaryKey(),
    purpose: text({ enum: ["verify-email", "reset-password"] }).notNull(),
    userId: text().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    usedAt: integer(),
  },
  (table) => [
    index("mailed_tokens_by_user").on(table.userId, table.purpose),
    index("mailed_tokens_by_expiry").on(table.expiresAt),
  ],
);

/** A person's one-time codes. In force once confirmed; no code of `lastStep` or before is taken again. */
export const secondFactors = sqliteTable("second_factors", {
  userId: text().primaryKey(),
  /** Sealed, bound to the user. */
  secret: text().notNull(),
  lastStep: integer().notNull(),
  createdAt: integer().notNull(),
  confirmedAt: integer(),
});

/** What signs in once in place of a code, as digests bound to the user. */
export const recoveryCodes = sqliteTable(
  "recovery_codes",
  { hash: text().primaryKey(), userId: text().notNull() },
  (table) => [index("recovery_codes_by_user").on(table.userId)],
);

/** Sign-ins whose password was right and whose code is awaited. */
export const signInChallenges = sqliteTable(
  "sign_in_challenges",
  {
    hash: text().primaryKey(),
    userId: text().notNull(),
    /** The tenant that was asked for; null for the oldest membership. */
    tenantAsked: text(),
    attempts: integer().notNull().default(0),
    expiresAt: integer().notNull(),
  },
  (table) => [index("sign_in_challenges_by_expiry").on(table.expiresAt)],
);

/** The issuer of a tenant. */
export const openIdConnections = sqliteTable("openid_connections", {
  tenantId: text().primaryKey(),
  issuer: text().notNull(),
  clientId: text().notNull(),
  /** Sealed, bound to the tenant; null for a public client. */
  clientSecret: text(),
  emailDomains: text({ mode: "json" }).$type<string[]>().notNull(),
  role: text().$type<Exclude<Role, "owner">>().notNull(),
  updatedAt: integer().notNull(),
});

/** Whom an issuer's subject stands for in the tenant. */
export const openIdIdentities = sqliteTable(
  "openid_identities",
  {
    tenantId: text().notNull(),
    issuer: text().notNull(),
    subject: text().notNull(),
    userId: text().notNull(),
    createdAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.issuer, table.subject] }),
    index("openid_identities_by_user").on(table.userId),
  ],
);

/** Sign-ins that are at their issuer now, by the digest of their state. */
export const openIdSignIns = sqliteTable(
  "openid_sign_ins",
  {
    hash: text().primaryKey(),
    tenantId: text().notNull(),
    issuer: text().notNull(),
    nonce: text().notNull(),
    /** Sealed, bound to the state. */
    codeVerifier: text().notNull(),
    redirectUri: text().notNull(),
    expiresAt: integer().notNull(),
  },
  (table) => [index("openid_sign_ins_by_expiry").on(table.expiresAt)],
);

/** Accounts and tenants that were deleted and may still come back: by the digest of the mailed token. */
export const closures = sqliteTable(
  "closures",
  {
    hash: text().primaryKey(),
    /** The tenant that was closed; null for an account. */
    tenantId: text(),
    /** What brings it back, sealed, bound to the digest: nobody is found in it. */
    sealed: text().notNull(),
    expiresAt: integer().notNull(),
  },
  (table) => [index("closures_by_expiry").on(table.expiresAt), index("closures_by_tenant").on(table.tenantId)],
);

/** Attempts to sign in, by a digest of whom they are counted against. `fullAt` is the time at which nothing is owed. */
export const signInAttempts = sqliteTable(
  "sign_in_attempts",
  { subject: text().primaryKey(), fullAt: integer().notNull() },
  (table) => [index("sign_in_attempts_by_time").on(table.fullAt)],
);

/** Mail that the mailbox keeps where no provider delivers it. */
export const mails = sqliteTable(
  "mails",
  {
    id: text().primaryKey(),
    recipient: text().notNull(),
    subject: text().notNull(),
    text: text().notNull(),
    html: text(),
    at: integer().notNull(),
  },
  (table) => [
    index("mails_by_recipient").on(table.recipient, table.at, table.id),
    index("mails_by_time").on(table.at, table.id),
  ],
);

export function toUser(row: typeof users.$inferSelect): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    emailVerifiedAt: row.emailVerifiedAt === null ? null : isoTime(row.emailVerifiedAt),
    createdAt: isoTime(row.createdAt),
  };
}

export function toApiKey(row: typeof apiKeys.$inferSelect): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    prefix: row.prefix,
    lastFour: row.lastFour,
    createdBy: row.createdBy,
    createdAt: isoTime(row.createdAt),
    expiresAt: row.expiresAt === null ? null : isoTime(row.expiresAt),
    lastUsedAt: row.lastUsedAt === null ? null : isoTime(row.lastUsedAt),
    replacedBy: row.replacedBy,
    ...(row.awsSigV4 && { awsAccessKeyId: row.id }),
  };
}

export function toInvitation(row: typeof invitations.$inferSelect): Invitation {
  return {
    id: row.id,
    email: row.email,
    role: row.role,
    invitedBy: row.invitedBy,
    createdAt: isoTime(row.createdAt),
    expiresAt: isoTime(row.expiresAt),
  };
}
