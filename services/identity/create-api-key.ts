import {
  type CreatedApiKey,
  type NewApiKey,
  newApiKey,
  scopesBeyond,
  shownParts,
} from "../../domain/identity/api-key.ts";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import type { Scope } from "../../domain/kernel/permission.ts";
import { problem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { awsSecrets } from "./aws-secrets.ts";
import { findLiveKey } from "./find-api-key.ts";
import { memberBehind, type RoleHolder, roleHolder } from "./signed-in-user.ts";
import { apiKeys, toApiKey } from "./table.ts";

/** A key of the tenant. Its text is in this answer and nowhere else. */
export async function createApiKey(ctx: ServiceContext, input: NewApiKey): Promise<CreatedApiKey> {
  requirePermission(ctx, "keys:write");
  const actor = roleHolder(ctx);
  requireScopes(actor, input.scopes);
  const expiresAt = await endWithin(ctx, actor, input.expiresAt === undefined ? null : Date.parse(input.expiresAt));
  const { key, row } = mintedKey(ctx, actor, {
    name: input.name,
    scopes: [...new Set(input.scopes)],
    expiresAt,
    awsSigV4: input.awsSigV4 ?? false,
  });
  await commit(ctx, {
    change: ctx.db.insert(apiKeys).values(row),
    audit: {
      action: "api-key.created",
      target: { type: "api-key", id: row.id },
      details: {
        name: row.name,
        scopes: row.scopes,
        expiresAt: expiresAt === null ? null : isoTime(expiresAt),
        awsSigV4: row.awsSigV4,
      },
    },
  });
  return createdKey(ctx, key, row);
}

/** The only answer that has the key's secrets. */
export function createdKey(ctx: ServiceContext, key: string, row: typeof apiKeys.$inferSelect): CreatedApiKey {
  const [awsSecretAccessKey = ""] = row.awsSigV4 ? awsSecrets(ctx, row.id) : [];
  return { ...toApiKey(row), key, ...(row.awsSigV4 && { awsSecretAccessKey }) };
}

/** A key never mints beyond itself, a member never beyond the role. */
export function requireScopes(actor: RoleHolder, scopes: readonly Scope[]): void {
  const beyond = scopesBeyond(actor, scopes);
  if (beyond.length > 0) {
    throw problem("forbidden", { detail: `You cannot hand on what you do not hold: ${beyond.join(", ")}.` });
  }
}

/** When the new key ends. One that a key mints ends with that key at the latest. */
async function endWithin(ctx: ServiceContext, actor: RoleHolder, asked: number | null): Promise<number | null> {
  if (asked !== null && asked <= ctx.clock.now()) {
    throw problem("validation-failed", { errors: [{ pointer: "/expiresAt", detail: "must lie in the future" }] });
  }
  if (actor.kind !== "api-key") return asked;
  const end = (await findLiveKey(ctx, actor.keyId))?.expiresAt ?? null;
  if (end !== null && asked !== null && asked > end) {
    throw problem("forbidden", {
      detail: `This key ends at ${isoTime(end)}, and no key that it makes may outlive it.`,
    });
  }
  return asked ?? end;
}

export function mintedKey(
  ctx: ServiceContext,
  actor: RoleHolder,
  of: { name: string; scopes: Scope[]; expiresAt: number | null; awsSigV4: boolean },
): { key: string; row: typeof apiKeys.$inferSelect } {
  const key = newApiKey(ctx.random.bytes);
  return {
    key,
    row: {
      id: ctx.ids.next("key"),
      tenantId: ctx.tenant.id,
      ...of,
      hash: sha256Hex(key),
      ...shownParts(key),
      createdBy: memberBehind(actor),
      createdAt: ctx.clock.now(),
      lastUsedAt: null,
      replacedBy: null,
      revokedAt: null,
    },
  };
}
