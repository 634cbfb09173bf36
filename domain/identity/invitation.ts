import * as z from "zod";
import { isAtLeast, Role } from "../kernel/permission.ts";
import { DAY_MS } from "../kernel/time.ts";
import { Email } from "./email.ts";

export const INVITATION_LIFE_MS = 7 * DAY_MS;

export const Invitation = z
  .object({
    id: z.string(),
    email: z.string(),
    role: Role,
    invitedBy: z.string(),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: "Invitation" });
export type Invitation = z.infer<typeof Invitation>;

export const NewInvitation = z.strictObject({ email: Email, role: Role }).meta({ id: "NewInvitation" });
export type NewInvitation = z.infer<typeof NewInvitation>;

export const InvitationAcceptance = z
  .strictObject({ token: z.string().min(1).max(512) })
  .meta({ id: "InvitationAcceptance" });

/** The role that accepting gives: never above what the inviter holds now, and none when they may no longer invite. */
export function grantedRole(invited: Role, inviter: Role | null): Role | null {
  if (inviter === null || !isAtLeast(inviter, "admin")) return null;
  return isAtLeast(inviter, invited) ? invited : inviter;
}
