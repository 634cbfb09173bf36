import { and, eq, gt } from "drizzle-orm";
import {
  type IssuedIdentity,
  OPENID_SIGN_IN_MS,
  type OpenIdFinish,
  type OpenIdStart,
  type OpenIdStarted,
  trustedEmail,
} from "../../domain/identity/openid.ts";
import type { SignedIn } from "../../domain/identity/user.ts";
import type { Role } from "../../domain/kernel/permission.ts";
import { asProblem, problem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { commit, type Statement } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { isOriginAllowed } from "../tenants/allowed-origins.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { takeOpenIdStart } from "./limit-sign-in-attempts.ts";
import { openSession } from "./open-session.ts";
import { type ConnectionRow, clientSecretOf, loadConnection } from "./openid-connection.ts";
import { seatForMember } from "./seats.ts";
import { codeChallengeOf, digestOf, newSecret } from "./secrets.ts";
import { memberships, openIdIdentities, openIdSignIns, personKeys, toUser, users } from "./table.ts";

/** Where to send the browser, and the state under which the answer is taken once. */
export async function startOpenIdSignIn(platform: PlatformContext, input: OpenIdStart): Promise<OpenIdStarted> {
  await takeOpenIdStart(platform);
  const connection = await loadConnection(platform, input.tenantId);
  await requireKnownRedirect(platform, input);
  const endpoint = await platform.ports.openIdIssuers.authorizationEndpoint(connection.issuer);
  const [state, nonce, codeVerifier] = [newSecret(platform, "st_"), newSecret(platform, ""), newSecret(platform, "")];
  const hash = digestOf(state);
  const expiresAt = platform.clock.now() + OPENID_SIGN_IN_MS;
  await platform.db.insert(openIdSignIns).values({
    ...{
      hash,
      tenantId: connection.tenantId,
      issuer: connection.issuer,
      nonce,
      redirectUri: input.redirectUri,
      expiresAt,
    },
    codeVerifier: await platform.ports.secretBox.seal(codeVerifier, `openid-sign-in:${hash}`),
  });
  const url = new URL(endpoint);
  const query = {
    ...{ response_type: "code", client_id: connection.clientId, redirect_uri: input.redirectUri },
    ...{ scope: "openid email profile", state, nonce },
    ...{ code_challenge: codeChallengeOf(codeVerifier), code_challenge_method: "S256" },
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return { authorizationUrl: url.href, state, expiresAt: isoTime(expiresAt) };
}

/** A session in the tenant, for the code that the issuer sent back. The state is spent whatever comes of it. */
export async function finishOpenIdSignIn(platform: PlatformContext, input: OpenIdFinish): Promise<SignedIn> {
  const hash = digestOf(input.state);
  // across tenants: the digest of the state is what names the tenant
  const [pending] = await platform.db
    .delete(openIdSignIns)
    .where(and(eq(openIdSignIns.hash, hash), gt(openIdSignIns.expiresAt, platform.clock.now())))
    .returning();
  if (pending === undefined) throw problem("unauthenticated", { detail: "The sign-in is not known or past its time." });
  const connection = await loadConnection(platform, pending.tenantId);
  if (connection.issuer !== pending.issuer) throw problem("unauthenticated");
  try {
    const identity = await platform.ports.openIdIssuers.exchange({
      ...{ issuer: pending.issuer, clientId: connection.clientId, code: input.code, nonce: pending.nonce },
      clientSecret: await clientSecretOf(platform, connection),
      codeVerifier: await platform.ports.secretBox.open(pending.codeVerifier, `openid-sign-in:${hash}`),
      redirectUri: pending.redirectUri,
    });
    return await openFor(platform, connection, await personBehind(platform, connection, identity));
  } catch (error) {
    const known = asProblem(error);
    if (known !== null) platform.later(auditRefusal(platform, connection.tenantId, known.message));
    throw error;
  }
}

interface Person {
  user: typeof users.$inferSelect;
  role: Role;
  /** What makes the person known here, where they were not. */
  change: Statement[];
  also?: Statement[];
}

/** The member that the issuer's subject stands for: known, or found by the address that counts, or new. */
async function personBehind(
  platform: PlatformContext,
  connection: ConnectionRow,
  identity: IssuedIdentity,
): Promise<Person> {
  const { db } = platform;
  const { tenantId, issuer } = connection;
  const isSubject = and(
    eq(openIdIdentities.tenantId, tenantId),
    eq(openIdIdentities.issuer, issuer),
    eq(openIdIdentities.subject, identity.subject),
  );
  const [known] = await db.select({ userId: openIdIdentities.userId }).from(openIdIdentities).where(isSubject).limit(1);
  if (known !== undefined) {
    const member = await findMember(platform, tenantId, eq(users.id, known.userId));
    if (member?.role == null) throw refused("The person is no longer a member of the tenant.");
    return { ...required(member.user, member.role), change: [] };
  }
  const email = trustedEmail(identity, connection.emailDomains);
  if (email === null) throw refused("The issuer vouches for no address of the tenant's domains.");
  const now = platform.clock.now();
  const link = (userId: string) =>
    db.insert(openIdIdentities).values({ tenantId, issuer, subject: identity.subject, userId, createdAt: now });
  const found = await findMember(platform, tenantId, eq(users.email, email));
  if (found !== null) {
    if (found.role === null) throw refused("The address has an account outside the tenant: it needs an invitation.");
    return { ...required(found.user, found.role), change: [link(found.user.id)] };
  }
  // No password matches this text; the address is not verified to us, so that it opens no invitation elsewhere.
  const user = {
    ...{ id: platform.ids.next("usr"), email, name: identity.name, passwordHash: "none" },
    ...{ emailVerifiedAt: null, createdAt: now },
  };
  const membership = { tenantId, userId: user.id, role: connection.role, joinedAt: now };
  const seat = await seatForMember(platform, tenantId);
  const personKey = await platform.ports.personKeys.make(user.id);
  return {
    user,
    role: connection.role,
    change: [
      db.insert(users).values(user),
      db.insert(personKeys).values(personKey),
      db.insert(memberships).values(membership),
      link(user.id),
    ],
    also: [seat.guard],
  };
}

async function findMember(platform: PlatformContext, tenantId: string, isUser: ReturnType<typeof eq>) {
  const [found] = await platform.db
    .select({ user: users, role: memberships.role })
    .from(users)
    .leftJoin(memberships, and(eq(memberships.userId, users.id), eq(memberships.tenantId, tenantId)))
    .where(isUser)
    .limit(1);
  return found ?? null;
}

/** P2: who sets the issuer must not thereby be an owner. */
function required(user: Person["user"], role: Role): Pick<Person, "user" | "role"> {
  if (role === "owner") throw refused("An owner signs in with a password.");
  return { user, role };
}

async function openFor(platform: PlatformContext, { tenantId }: ConnectionRow, person: Person): Promise<SignedIn> {
  const { user, role, change } = person;
  const tenant = await loadTenant(platform, tenantId);
  const session = openSession(platform, { userId: user.id, tenantId, role, via: "openid" });
  const actor = { kind: "user", userId: user.id, sessionId: session.id, role } as const;
  const ctx: ServiceContext = { ...platform, tenant: { id: tenantId }, actor };
  const started = {
    action: "session.started",
    target: { type: "session", id: session.id },
    details: { method: "openid" },
  };
  const joined = {
    action: "member.joined",
    target: { type: "user", id: user.id },
    details: { role, method: "openid" },
  };
  await commit(ctx, {
    change: [...change, ...session.statements],
    also: person.also ?? [],
    audit: change.length > 1 ? [joined, started] : started,
  });
  return { user: toUser(user), tenant, ...(await session.tokens()) };
}

/** A code goes only to pages that the tenant named, or to our own. */
async function requireKnownRedirect(platform: PlatformContext, { tenantId, redirectUri }: OpenIdStart): Promise<void> {
  const { origin, hash, username } = new URL(redirectUri);
  const isOwn = origin === new URL(platform.settings.publicUrl).origin;
  // Read as written: what the URL parser corrects, the issuer's may read as another host.
  const isPlain = redirectUri === origin || ["/", "?"].some((next) => redirectUri.startsWith(origin + next));
  const isKnown = isOwn || (origin !== "null" && (await isOriginAllowed(platform, origin, tenantId)));
  if (isKnown && isPlain && hash === "" && username === "") return;
  throw problem("validation-failed", {
    errors: [{ pointer: "/redirectUri", detail: "is on no origin of the tenant's" }],
  });
}

function refused(detail: string) {
  return problem("forbidden", { detail });
}

async function auditRefusal(platform: PlatformContext, tenantId: string, reason: string): Promise<void> {
  const ctx: ServiceContext = { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "sign-in" } };
  await commit(ctx, { change: [], audit: { action: "session.refused", details: { method: "openid", reason } } });
}
