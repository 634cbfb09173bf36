import type { Role, Scope } from "../../domain/kernel/permission.ts";
import { commit } from "../../services/commit.ts";
import type { ServiceContext } from "../../services/context.ts";
import { createApiKey } from "../../services/identity/create-api-key.ts";
import { openSession } from "../../services/identity/open-session.ts";
import { memberships, users } from "../../services/identity/table.ts";
import { newTenant } from "../../services/tenants/new-tenant.ts";
import { aPlatform } from "./a-platform.ts";
import { type Answer, bearer, type CallInit, call, send } from "./client.ts";

export interface TestMember {
  tenantId: string;
  userId: string;
  sessionId: string;
  email: string;
  role: Role;
  token: string;
  refreshToken: string;
  /** What a verb would be given for this member. */
  ctx: ServiceContext;
  /** A request with the member's access token; the answer's body as JSON. */
  call(path: string, init?: CallInit): Promise<Answer>;
  /** The same, as the response itself. */
  fetch(path: string, init?: CallInit): Promise<Response>;
}

let people = 0;

/** A fresh tenant and its owner, signed in. Made beside the front door: hashing a password takes a tenth of a second. */
export async function aTenant(name = "Test tenant"): Promise<TestMember> {
  const platform = aPlatform();
  const { tenant, statement } = newTenant(platform, name);
  return signIn(tenant.id, "owner", [statement]);
}

/** A further member of the tenant, signed in. */
export function aMember(tenant: { tenantId: string }, role: Role): Promise<TestMember> {
  return signIn(tenant.tenantId, role, []);
}

/** The same person as `member`, in another tenant. */
export function inTenant(member: TestMember, tenant: { tenantId: string }, role: Role): Promise<TestMember> {
  return signIn(tenant.tenantId, role, [], member);
}

/** An API key of the tenant, made by `member`. */
export async function anApiKey(
  member: TestMember,
  scopes: Scope[],
): Promise<{ id: string; key: string; call: TestMember["call"] }> {
  const { id, key } = await createApiKey(member.ctx, { name: "Test key", scopes });
  return { id, key, call: callWith(key) };
}

async function signIn(
  tenantId: string,
  role: Role,
  before: ReturnType<typeof newTenant>["statement"][],
  person?: TestMember,
): Promise<TestMember> {
  const platform = aPlatform();
  const now = platform.clock.now();
  const userId = person?.userId ?? platform.ids.next("usr");
  const email = person?.email ?? `person-${++people}-${userId.slice(-8)}@example.com`;
  const session = openSession(platform, { userId, tenantId, role });
  const actor = { kind: "user", userId, sessionId: session.id, role } as const;
  const ctx: ServiceContext = { ...platform, tenant: { id: tenantId }, actor };
  const user = {
    id: userId,
    email,
    name: `Person ${people}`,
    passwordHash: "none",
    emailVerifiedAt: now,
    createdAt: now,
  };
  await commit(ctx, {
    change: [
      ...before,
      ...(person === undefined ? [platform.db.insert(users).values(user)] : []),
      platform.db.insert(memberships).values({ tenantId, userId, role, joinedAt: now }),
      ...session.statements,
    ],
    audit: [],
  });
  const { accessToken, refreshToken } = await session.tokens();
  return {
    tenantId,
    userId,
    sessionId: session.id,
    email,
    role,
    token: accessToken,
    refreshToken,
    ctx,
    call: callWith(accessToken),
    fetch: (path, init = {}) => send(path, { ...init, headers: { ...bearer(accessToken), ...init.headers } }),
  };
}

function callWith(token: string): TestMember["call"] {
  return (path, init = {}) => call(path, { ...init, headers: { ...bearer(token), ...init.headers } });
}
