import { and, asc, eq, gt } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import type { Provider } from "../../domain/llm/provider.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { providers, toProvider } from "./table.ts";

/** The tenant's own providers, by name. */
export async function listProviders(ctx: ServiceContext, { limit, cursor }: PageRequest): Promise<Page<Provider>> {
  requirePermission(ctx, "llm:read");
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, 1);
  const rows = await ctx.db
    .select()
    .from(providers)
    .where(and(eq(providers.tenantId, ctx.tenant.id), after === undefined ? undefined : gt(providers.name, after)))
    .orderBy(asc(providers.name))
    .limit(limit + 1);
  return pageOf(rows, limit, (row) => [row.name], toProvider);
}
