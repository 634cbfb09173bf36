import { eq } from "drizzle-orm";
import { passwordFault } from "../../domain/identity/password.ts";
import type { Registration, SignedIn } from "../../domain/identity/user.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { Tenant } from "../../domain/tenants/tenant.ts";
import { type AuditNote, commit } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { newTenant } from "../tenants/new-tenant.ts";
import { takeRegistration, takeSignInAttempt } from "./limit-sign-in-attempts.ts";
import { openSession } from "./open-session.ts";
import { verificationMail, verificationToken } from "./send-verification.ts";
import { memberships, personKeys, toUser, users } from "./table.ts";

/** A new person with a first tenant of their own, signed in as its owner. */
export async function registerUser(platform: PlatformContext, input: Registration): Promise<SignedIn> {
  const fault = passwordFault(input.password, [input.email, input.name, input.tenantName]);
  if (fault !== null) throw problem("validation-failed", { errors: [{ pointer: "/password", detail: fault }] });
  const attempt = await takeSignInAttempt(platform, input.email);
  await takeRegistration(platform);
  if (await isTaken(platform, input.email)) throw emailTaken();

  const now = platform.clock.now();
  const user: typeof users.$inferSelect = {
    id: platform.ids.next("usr"),
    email: input.email,
    name: input.name ?? null,
    passwordHash: await platform.ports.passwordHasher.hash(input.password),
    emailVerifiedAt: null,
    createdAt: now,
  };
  const { tenant, statement } = newTenant(platform, input.tenantName ?? firstTenantName(user));
  const session = openSession(platform, { userId: user.id, tenantId: tenant.id, role: "owner" });
  const verification = verificationToken(platform, user.id);
  const personKey = await platform.ports.personKeys.make(user.id);
  const ctx: ServiceContext = {
    ...platform,
    tenant: { id: tenant.id },
    actor: { kind: "user", userId: user.id, sessionId: session.id, role: "owner" },
  };
  await commit(ctx, {
    change: [
      platform.db.insert(users).values(user),
      platform.db.insert(personKeys).values(personKey),
      statement,
      platform.db.insert(memberships).values({ tenantId: tenant.id, userId: user.id, role: "owner", joinedAt: now }),
      ...session.statements,
      verification.statement,
    ],
    also: attempt.refund,
    audit: [{ action: "user.registered", target: { type: "user", id: user.id } }, firstTenantNote(tenant)],
    tasks: [await verificationMail(platform, user.email, verification.token)],
    conflict: emailTaken,
  });
  return { user: toUser(user), tenant, ...(await session.tokens()) };
}

async function isTaken(platform: PlatformContext, email: string): Promise<boolean> {
  const rows = await platform.db.select({ id: users.id }).from(users).where(eq(users.email, email)).limit(1);
  return rows.length > 0;
}

function emailTaken() {
  return problem("email-taken");
}

/** A first tenant is often named after its owner. */
export function firstTenantNote({ id, name }: Tenant): AuditNote {
  return { action: "tenant.created", target: { type: "tenant", id }, personal: { name } };
}

export function firstTenantName({ name, email }: { name: string | null; email: string }): string {
  return name ?? email.split("@", 1)[0] ?? email;
}
