import { eq } from "drizzle-orm";
import type { Json } from "../../domain/kernel/json.ts";
import type { PlatformContext } from "../context.ts";
import { tenants } from "./table.ts";

/** A tenant's settings; of one that is deleted, those it had. */
export async function findSettings(platform: PlatformContext, tenantId: string): Promise<Record<string, Json>> {
  const [row] = await platform.db
    .select({ settings: tenants.settings })
    .from(tenants)
    .where(eq(tenants.id, tenantId))
    .limit(1);
  return row?.settings ?? {};
}
