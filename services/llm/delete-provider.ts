import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { knownProviders } from "./known-by-name.ts";
import { providers } from "./table.ts";

export async function deleteProvider(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "settings:write");
  await commit(ctx, {
    change: ctx.db.delete(providers).where(and(eq(providers.tenantId, ctx.tenant.id), eq(providers.name, name))),
    audit: { action: "provider.deleted", target: { type: "provider", id: name } },
    conflict: () => notFound("provider"),
  });
  knownProviders.forget(ctx, name);
}
