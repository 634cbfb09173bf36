import * as z from "zod";
import { Membership } from "../identity/membership.ts";
import { Session } from "../identity/session.ts";
import { User } from "../identity/user.ts";
import { AuditEntry } from "./entry.ts";

export const PersonalData = z
  .object({
    exportedAt: z.iso.datetime(),
    user: User,
    memberships: z.array(Membership),
    sessions: z.array(Session),
    auditEntries: z.array(AuditEntry).meta({ description: "What the user did in these tenants" }),
  })
  .meta({ id: "PersonalData", description: "What the platform keeps about a person (GDPR articles 15 and 20)" });
export type PersonalData = z.infer<typeof PersonalData>;
