import * as z from "zod";
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

/** Whether someone of `actor`'s role may act on a member of role `target`: owners on all, others only on those below. */
export function canManage(actor: Role, target: Role): boolean {
  return actor === "owner" || (isAtLeast(actor, "admin") && !isAtLeast(target, actor));
}

/** Nobody grants a role above their own. */
export function canGrant(actor: Role, granted: Role): boolean {
  return isAtLeast(actor, "admin") && isAtLeast(actor, granted);
}
