import { and, eq, isNull } from "drizzle-orm";
import type { ServiceContext } from "../context.ts";
import { apiKeys } from "./table.ts";

/** The key unless it was deleted; an expired one is found. */
export async function findLiveKey(ctx: ServiceContext, id: string): Promise<typeof apiKeys.$inferSelect | null> {
  const [row] = await ctx.db
    .select()
    .from(apiKeys)
    .where(and(isKey(ctx, id), isNull(apiKeys.revokedAt)))
    .limit(1);
  return row ?? null;
}

export function isKey(ctx: ServiceContext, id: string) {
  return and(eq(apiKeys.tenantId, ctx.tenant.id), eq(apiKeys.id, id));
}
