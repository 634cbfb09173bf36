import { and, isNull } from "drizzle-orm";
import { notFound } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { isKey } from "./find-api-key.ts";
import { forgetPrincipals } from "./principals.ts";
import { apiKeys } from "./table.ts";

/** Stops the key. Its row stays, so that the audit log's mentions keep their meaning. */
export async function deleteApiKey(ctx: ServiceContext, id: string): Promise<void> {
  requirePermission(ctx, "keys:write");
  await commit(ctx, {
    change: ctx.db
      .update(apiKeys)
      .set({ revokedAt: ctx.clock.now() })
      .where(and(isKey(ctx, id), isNull(apiKeys.revokedAt))),
    audit: { action: "api-key.deleted", target: { type: "api-key", id } },
    conflict: () => notFound("API key"),
  });
  forgetPrincipals((principal) => principal.actor.kind === "api-key" && principal.actor.keyId === id);
}
