import { and, eq, isNotNull, lt, sql } from "drizzle-orm";
import { HOUR_MS, MINUTE_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { idempotencyKeys } from "./table.ts";

const KEPT_MS = 24 * HOUR_MS;
// Longer than any request may take; after it a crashed request no longer holds its key.
const LEASE_MS = MINUTE_MS;

interface KeyOfPrincipal {
  principal: string;
  key: string;
}

export type IdempotencyClaim =
  | { kind: "claimed" }
  | { kind: "running" }
  | { kind: "reused" }
  | { kind: "replay"; status: number; headers: Record<string, string>; body: string };

/** Takes the key for this request in one statement, or tells what stands in the way. */
export async function claimIdempotencyKey(
  ctx: ServiceContext,
  request: KeyOfPrincipal & { fingerprint: string },
): Promise<IdempotencyClaim> {
  const now = ctx.clock.now();
  const row = { ...request, tenantId: ctx.tenant.id, leaseUntil: now + LEASE_MS, createdAt: now };
  const claimed = await ctx.db
    .insert(idempotencyKeys)
    .values(row)
    .onConflictDoUpdate({
      target: [idempotencyKeys.tenantId, idempotencyKeys.principal, idempotencyKeys.key],
      set: {
        fingerprint: row.fingerprint,
        leaseUntil: row.leaseUntil,
        createdAt: now,
        status: null,
        headers: null,
        body: null,
      },
      setWhere: sql`${idempotencyKeys.createdAt} < ${now - KEPT_MS} or ${idempotencyKeys.leaseUntil} < ${now}`,
    })
    .returning({ key: idempotencyKeys.key });
  if (claimed.length > 0) return { kind: "claimed" };
  const [held] = await ctx.db.select().from(idempotencyKeys).where(isKey(ctx, request)).limit(1);
  if (held === undefined || held.leaseUntil !== null) return { kind: "running" };
  if (held.fingerprint !== request.fingerprint) return { kind: "reused" };
  const body = held.body === null ? "" : await ctx.ports.secretBox.open(held.body, sealContext(ctx, request));
  return { kind: "replay", status: held.status ?? 200, headers: held.headers ?? {}, body };
}

export async function keepAnswer(
  ctx: ServiceContext,
  answer: KeyOfPrincipal & { status: number; headers: Record<string, string>; body: string },
): Promise<void> {
  const { status, headers } = answer;
  // An answer may show a key or a token, once: at rest it is readable to nobody.
  const body = await ctx.ports.secretBox.seal(answer.body, sealContext(ctx, answer));
  await ctx.db.update(idempotencyKeys).set({ leaseUntil: null, status, headers, body }).where(isKey(ctx, answer));
}

export async function releaseIdempotencyKey(ctx: ServiceContext, of: KeyOfPrincipal): Promise<void> {
  await ctx.db.delete(idempotencyKeys).where(and(isKey(ctx, of), isNotNull(idempotencyKeys.leaseUntil)));
}

/** Forgets keys past their day. */
export async function pruneIdempotencyKeys(ctx: PlatformContext): Promise<void> {
  // across tenants: a key past its day is of use to nobody.
  await ctx.db.delete(idempotencyKeys).where(lt(idempotencyKeys.createdAt, ctx.clock.now() - KEPT_MS));
}

function sealContext(ctx: ServiceContext, { principal, key }: KeyOfPrincipal): string {
  return `idempotency:${ctx.tenant.id}:${principal}:${key}`;
}

function isKey(ctx: ServiceContext, { principal, key }: KeyOfPrincipal) {
  return and(
    eq(idempotencyKeys.tenantId, ctx.tenant.id),
    eq(idempotencyKeys.principal, principal),
    eq(idempotencyKeys.key, key),
  );
}
