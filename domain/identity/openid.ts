import * as z from "zod";
import { Role } from "../kernel/permission.ts";
import { MINUTE_MS } from "../kernel/time.ts";

// Signing in through a tenant's own issuer (OpenID Connect Core 1.0, authorization code flow with PKCE).
//   P1  what an issuer says counts for its tenant alone: such a session never leaves the tenant, and does nothing to the
//       account beyond it. A tenant that names a lying issuer harms nobody else.
//   P2  no owner signs in this way, and nobody becomes one: who sets the issuer would otherwise be the owner.
//   P3  an address counts only when the issuer verified it and its domain is on the tenant's list; after the first sign-in
//       the issuer's subject counts, not the address.

export const OPENID_SIGN_IN_MS = 10 * MINUTE_MS;

const EmailDomain = z
  .string()
  .max(253)
  .toLowerCase()
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, "must be a domain like example.com");

const Members = z.object({
  issuer: z.url({ protocol: /^https?$/ }).max(500),
  clientId: z.string().min(1).max(255),
  emailDomains: z.array(EmailDomain).min(1).max(50),
  role: Role.exclude(["owner"]).meta({ description: "What someone who signs in for the first time becomes" }),
});

export const OpenIdConnection = Members.extend({
  hasClientSecret: z.boolean(),
  updatedAt: z.iso.datetime(),
}).meta({ id: "OpenIdConnection", description: "The issuer through which a tenant's members sign in" });
export type OpenIdConnection = z.infer<typeof OpenIdConnection>;

export const PutOpenIdConnection = z
  .strictObject({
    ...Members.shape,
    role: Members.shape.role.default("member"),
    clientSecret: z
      .string()
      .min(1)
      .max(1_000)
      .optional()
      .meta({ description: "Kept encrypted; absent for a public client" }),
  })
  .meta({ id: "PutOpenIdConnection" });
export type PutOpenIdConnection = z.infer<typeof PutOpenIdConnection>;

export const OpenIdStart = z
  .strictObject({
    tenantId: z.string().max(64),
    redirectUri: z
      .url()
      .max(1_000)
      .meta({ description: "On an origin of the tenant's `corsOrigins`, or this platform's" }),
  })
  .meta({ id: "OpenIdStart" });
export type OpenIdStart = z.infer<typeof OpenIdStart>;

export const OpenIdStarted = z
  .object({
    authorizationUrl: z.string(),
    state: z.string().meta({ description: "Keep it in the browser and compare it with the one that comes back" }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: "OpenIdStarted" });
export type OpenIdStarted = z.infer<typeof OpenIdStarted>;

export const OpenIdFinish = z
  .strictObject({ state: z.string().min(1).max(200), code: z.string().min(1).max(4_096) })
  .meta({ id: "OpenIdFinish" });
export type OpenIdFinish = z.infer<typeof OpenIdFinish>;

/** Who the issuer says it is. */
export interface IssuedIdentity {
  subject: string;
  email: string | null;
  isEmailVerified: boolean;
  name: string | null;
}

/** The address that counts (P3), in the form that accounts are found by; null when none does. */
export function trustedEmail(identity: IssuedIdentity, emailDomains: readonly string[]): string | null {
  const email = z.email().max(254).toLowerCase().safeParse(identity.email);
  if (!email.success || !identity.isEmailVerified) return null;
  return emailDomains.includes(email.data.slice(email.data.lastIndexOf("@") + 1)) ? email.data : null;
}
