import { and, eq } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { ifStill, lost, requireMatch } from "../preconditions.ts";
import { findProviderRow, isProvider } from "./find-provider.ts";
import { knownProviders } from "./known-by-name.ts";
import { providers, toProvider } from "./table.ts";

export async function deleteProvider(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "settings:write");
  const before = await findProviderRow(ctx, name);
  if (before === null) throw notFound("provider");
  requireMatch(ctx, toProvider(before));
  await commit(ctx, {
    change: ctx.db
      .delete(providers)
      .where(and(isProvider(ctx, name), ifStill(ctx, eq(providers.updatedAt, before.updatedAt)))),
    audit: { action: "provider.deleted", target: { type: "provider", id: name } },
    conflict: lost(ctx, () => notFound("provider")),
  });
  knownProviders.forget(ctx, name);
}
