import * as z from "zod";
import { Role } from "../kernel/permission.ts";
import { Tenant, TenantName } from "../tenants/tenant.ts";
import { Email } from "./email.ts";
import { GivenPassword, NewPassword } from "./password.ts";

const PersonName = z.string().trim().min(1).max(100);

export const User = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string().nullable(),
    emailVerifiedAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "User", description: "A person. One person may be a member of several tenants" });
export type User = z.infer<typeof User>;

export const Me = User.extend({
  tenantId: z.string().meta({ description: "The tenant that this session works in" }),
  role: Role,
}).meta({ id: "Me" });
export type Me = z.infer<typeof Me>;

export const MePatch = z.strictObject({ name: PersonName.nullable() }).partial().meta({ id: "MePatch" });
export type MePatch = z.infer<typeof MePatch>;

export const Registration = z
  .strictObject({
    email: Email,
    password: NewPassword,
    name: PersonName.optional(),
    tenantName: TenantName.optional(),
  })
  .meta({ id: "Registration" });
export type Registration = z.infer<typeof Registration>;

export const Login = z
  .strictObject({
    email: Email,
    password: GivenPassword,
    tenantId: z.string().max(64).optional().meta({ description: "The oldest membership when absent" }),
  })
  .meta({ id: "Login" });
export type Login = z.infer<typeof Login>;

export const SignedIn = z
  .object({
    user: User,
    tenant: Tenant,
    accessToken: z.string(),
    expiresIn: z.number().int().meta({ description: "Seconds until the access token expires" }),
    refreshToken: z.string(),
  })
  .meta({ id: "SignedIn" });
export type SignedIn = z.infer<typeof SignedIn>;
