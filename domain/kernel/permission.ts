import * as z from "zod";

export const Role = z
  .enum(["viewer", "member", "admin", "owner"])
  .meta({ id: "Role", description: "What a member may do: owner > admin > member > viewer" });
export type Role = z.infer<typeof Role>;

/**
 * The least role for each permission. Deny by default: what is not listed nobody may do.
 * API keys carry these names as scopes; the permissions named in OWNER_ONLY cannot be a key's scope.
 */
export const LEAST_ROLE = {
  "workflows:read": "viewer",
  "workflows:write": "member",
  "runs:read": "viewer",
  "runs:write": "member",
  "reviews:read": "viewer",
  "reviews:write": "member",
  "knowledge:read": "viewer",
  "knowledge:write": "member",
  "agents:read": "viewer",
  "agents:write": "member",
  "tools:read": "viewer",
  "tools:write": "member",
  "llm:read": "viewer",
  "llm:write": "member",
  "usage:read": "viewer",
  "flags:read": "viewer",
  "flags:write": "member",
  "jobs:read": "viewer",
  "jobs:write": "member",
  "settings:read": "viewer",
  "settings:write": "admin",
  "members:read": "viewer",
  "members:write": "admin",
  "keys:read": "admin",
  "keys:write": "admin",
  "webhooks:read": "admin",
  "webhooks:write": "admin",
  "billing:read": "admin",
  "billing:write": "admin",
  "audit:read": "admin",
  "usage:write": "admin",
  "audit:write": "admin",
  "tenant:export": "owner",
  "tenant:delete": "owner",
} as const satisfies Record<string, Role>;

export type Permission = keyof typeof LEAST_ROLE;

/** An owner's own acts: no key does them, not even one with every scope. */
const OWNER_ONLY: readonly Permission[] = ["tenant:export", "tenant:delete"];

/** What an API key may be given: every permission but the owner's own acts, or `*` for all that its maker's role allows. */
export const Scope = z
  .enum(["*", ...(Object.keys(LEAST_ROLE) as Permission[]).filter((name) => !OWNER_ONLY.includes(name))])
  .meta({ id: "Scope", example: "runs:write" });
export type Scope = Permission | "*";

const RANK: Record<Role, number> = { viewer: 0, member: 1, admin: 2, owner: 3 };

export function roleAllows(role: Role, permission: Permission): boolean {
  return RANK[role] >= RANK[LEAST_ROLE[permission]];
}

/** Whether a key with these scopes may, as far as its scopes say. */
export function scopesAllow(scopes: readonly Scope[], permission: Permission): boolean {
  return !OWNER_ONLY.includes(permission) && (scopes.includes("*") || scopes.includes(permission));
}

export function isAtLeast(role: Role, least: Role): boolean {
  return RANK[role] >= RANK[least];
}
