import * as z from "zod";

export const TenantName = z.string().trim().min(1).max(100);

// Room for a page of settings, not for documents: they travel with every answer about the tenant.
const MAX_SETTINGS_BYTES = 16_384;

const Settings = z
  .record(z.string().min(1).max(64), z.json())
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
