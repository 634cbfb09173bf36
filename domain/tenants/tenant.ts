import * as z from "zod";
import { Origin } from "./origin.ts";

export const TenantName = z.string().trim().min(1).max(100);

// Room for a page of settings, not for documents: they travel with every answer about the tenant.
const MAX_SETTINGS_BYTES = 16_384;

/** Sixteen times what Step Functions takes: an isolate has 128 MB, and a payload is in it several times over. */
export const MAX_PAYLOAD_BYTES = 4_194_304;

/** What the largest plan allows. */
const MOST_CONCURRENT_RUNS = 100_000;

/** Settings that the platform itself reads; beside them a tenant keeps what it likes. `null` removes one. */
const Settings = z
  .object({
    corsOrigins: z.array(Origin).max(50).nullable().optional().meta({
      description: "Web origins whose pages may read answers to this tenant",
    }),
    maxPayloadBytes: z.int().min(1_024).max(MAX_PAYLOAD_BYTES).nullable().optional().meta({
      description:
        "Of one input, output or result of a run, as JSON; 262,144 where absent. Runs keep what they began with",
    }),
    maxConcurrentRuns: z.int().min(1).max(MOST_CONCURRENT_RUNS).nullable().optional().meta({
      description: "Of runs that may go at once, below what the plan allows; more wait for their turn",
    }),
    runRetentionDays: z.number().min(0).max(3_650).nullable().optional().meta({
      description: "How long runs that have ended stay where they can be rewound; then they are archived",
    }),
    auditRetentionDays: z.int().min(30).max(3_650).nullable().optional(),
  })
  .catchall(z.json())
  .refine((settings) => Object.keys(settings).every((name) => name.length >= 1 && name.length <= 64), {
    error: "has names of 1 to 64 characters",
  })
  .refine((settings) => JSON.stringify(settings).length <= MAX_SETTINGS_BYTES, {
    error: `may take ${MAX_SETTINGS_BYTES} bytes as JSON`,
  });

export const Tenant = z
  .object({
    id: z.string(),
    name: z.string(),
    settings: z.record(z.string(), z.json()),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "Tenant", description: "An organisation: the border that data, limits and bills stay within" });
export type Tenant = z.infer<typeof Tenant>;

export const NewTenant = z.strictObject({ name: TenantName }).meta({ id: "NewTenant" });
export type NewTenant = z.infer<typeof NewTenant>;

export const TenantPatch = z
  .strictObject({
    name: TenantName.optional(),
    settings: Settings.optional().meta({ description: "Merged into the settings (RFC 7396): null removes a member" }),
  })
  .meta({ id: "TenantPatch" });
export type TenantPatch = z.infer<typeof TenantPatch>;
