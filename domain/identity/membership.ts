import * as z from "zod";
import type { Actor } from "../kernel/actor.ts";
import { isAtLeast, Role } from "../kernel/permission.ts";

export const Member = z
  .object({
    userId: z.string(),
    name: z.string().nullable(),
    email: z
      .string()
      .nullable()
      .meta({ description: "Null for viewers, who see who is there but not how to reach them" }),
    role: Role,
    joinedAt: z.iso.datetime(),
  })
  .meta({ id: "Member" });
export type Member = z.infer<typeof Member>;

export const MemberPatch = z.strictObject({ role: Role }).meta({ id: "MemberPatch" });
export type MemberPatch = z.infer<typeof MemberPatch>;

export const Membership = z
  .object({ id: z.string(), name: z.string(), role: Role, joinedAt: z.iso.datetime() })
  .meta({ id: "Membership", description: "A tenant that the user is a member of, by its id and name" });
export type Membership = z.infer<typeof Membership>;

type Holder = Extract<Actor, { role: Role }>;

/** Whether the actor may act on a member of role `target`: owners on all, others, and keys, only on those below an admin. */
export function canManage(actor: Holder, target: Role): boolean {
  const role = roleAmongMembers(actor);
  return role === "owner" || (isAtLeast(role, "admin") && !isAtLeast(target, role));
}

/** Nobody grants a role above their own, and a key none beyond what it may do itself. */
export function canGrant(actor: Holder, granted: Role): boolean {
  const role = roleAmongMembers(actor);
  if (!isAtLeast(role, "admin") || !isAtLeast(role, granted)) return false;
  return actor.kind === "user" || actor.scopes.includes("*") || isAtLeast("member", granted);
}

/** A key is nobody's owner: whoever finds one must not become one. */
function roleAmongMembers(actor: Holder): Role {
  return actor.kind === "api-key" && actor.role === "owner" ? "admin" : actor.role;
}
