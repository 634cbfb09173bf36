import { and, desc, eq, isNull } from "drizzle-orm";
import type { ApiKey } from "../../domain/identity/api-key.ts";
import { type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { findLiveKey } from "./find-api-key.ts";
import { apiKeys, toApiKey } from "./table.ts";

/** The tenant's keys, newest first. Deleted ones are gone from the list, expired ones are not. */
export async function listApiKeys(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<ApiKey>> {
  requirePermission(ctx, "keys:read");
  const rows = await ctx.db
    .select()
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.tenantId, ctx.tenant.id),
        isNull(apiKeys.revokedAt),
        olderThan(apiKeys.createdAt, apiKeys.id, cursor),
      ),
    )
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [String(row.createdAt), row.id], toApiKey);
}

export async function getApiKey(ctx: ServiceContext, id: string): Promise<ApiKey> {
  requirePermission(ctx, "keys:read");
  const key = await findLiveKey(ctx, id);
  if (key === null) throw notFound("API key");
  return toApiKey(key);
}
