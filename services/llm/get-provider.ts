import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import type { Provider } from "../../domain/llm/provider.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { providers, toProvider } from "./table.ts";

export async function getProvider(ctx: ServiceContext, name: string): Promise<Provider> {
  requirePermission(ctx, "llm:read");
  const [row] = await ctx.db
    .select()
    .from(providers)
    .where(and(eq(providers.tenantId, ctx.tenant.id), eq(providers.name, name)))
    .limit(1);
  if (row === undefined) throw notFound("provider");
  return toProvider(row);
}
