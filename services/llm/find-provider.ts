import { and, eq, type SQL } from "drizzle-orm";
import type { ServiceContext } from "../context.ts";
import { type ProviderRow, providers } from "./table.ts";

/** A provider that the tenant registered itself. */
export async function findProviderRow(ctx: ServiceContext, name: string): Promise<ProviderRow | null> {
  const [row] = await ctx.db.select().from(providers).where(isProvider(ctx, name)).limit(1);
  return row ?? null;
}

export function isProvider({ tenant }: ServiceContext, name: string): SQL | undefined {
  return and(eq(providers.tenantId, tenant.id), eq(providers.name, name));
}
