import { and, isNull } from "drizzle-orm";
import type { ApiKeyRotation, CreatedApiKey } from "../../domain/identity/api-key.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { isoTime, SECOND_MS } from "../../domain/kernel/time.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { createdKey, mintedKey, requireScopes } from "./create-api-key.ts";
import { findLiveKey, isKey } from "./find-api-key.ts";
import { forgetPrincipals } from "./principals.ts";
import { roleHolder } from "./signed-in-user.ts";
import { apiKeys } from "./table.ts";

/** A new key in place of an old one, which stays valid through the overlap, but never beyond its own end. */
export async function rotateApiKey(ctx: ServiceContext, id: string, input: ApiKeyRotation): Promise<CreatedApiKey> {
  requirePermission(ctx, "keys:write");
  const actor = roleHolder(ctx);
  const old = await findLiveKey(ctx, id);
  if (old === null) throw notFound("API key");
  if (old.replacedBy !== null) throw alreadyReplaced();
  requireScopes(actor, old.scopes);

  const now = ctx.clock.now();
  const life = old.expiresAt === null ? null : old.expiresAt - old.createdAt;
  const expiresAt = life === null ? null : now + life;
  const { name, scopes, awsSigV4 } = old;
  const { key, row } = mintedKey(ctx, actor, { name, scopes, expiresAt, awsSigV4 });
  const overlapEnd = Math.min(now + input.overlapSeconds * SECOND_MS, old.expiresAt ?? Number.POSITIVE_INFINITY);
  await commit(ctx, {
    change: [
      ctx.db
        .update(apiKeys)
        .set({ replacedBy: row.id, expiresAt: overlapEnd })
        .where(and(isKey(ctx, id), isNull(apiKeys.replacedBy), isNull(apiKeys.revokedAt))),
      ctx.db.insert(apiKeys).values(row),
    ],
    audit: {
      action: "api-key.rotated",
      target: { type: "api-key", id },
      details: { replacedBy: row.id, validUntil: isoTime(overlapEnd) },
    },
    conflict: alreadyReplaced,
  });
  forgetPrincipals((principal) => principal.actor.kind === "api-key" && principal.actor.keyId === id);
  return createdKey(ctx, key, row);
}

function alreadyReplaced() {
  return problem("conflict", { detail: "The key has already been replaced." });
}
