import { eq } from "drizzle-orm";
import type { OpenIdConnection, PutOpenIdConnection } from "../../domain/identity/openid.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { commit } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { openIdConnections } from "./table.ts";

export type ConnectionRow = typeof openIdConnections.$inferSelect;

export async function getOpenIdConnection(ctx: ServiceContext): Promise<OpenIdConnection> {
  requirePermission(ctx, "settings:read");
  return toConnection(await loadConnection(ctx, ctx.tenant.id));
}

/** Sets the tenant's issuer, once it has answered as one. */
export async function putOpenIdConnection(ctx: ServiceContext, input: PutOpenIdConnection): Promise<OpenIdConnection> {
  requirePermission(ctx, "settings:write");
  const { clientSecret, ...members } = input;
  await ctx.ports.openIdIssuers.authorizationEndpoint(input.issuer).catch((cause: unknown) => {
    const detail = cause instanceof Error ? cause.message : "does not answer as an issuer";
    throw problem("validation-failed", { errors: [{ pointer: "/issuer", detail }], cause });
  });
  const sealed =
    clientSecret === undefined ? null : await ctx.ports.secretBox.seal(clientSecret, secretContext(ctx.tenant.id));
  const row = { ...members, clientSecret: sealed, updatedAt: ctx.clock.now() };
  await commit(ctx, {
    change: ctx.db
      .insert(openIdConnections)
      .values({ tenantId: ctx.tenant.id, ...row })
      .onConflictDoUpdate({ target: openIdConnections.tenantId, set: row }),
    audit: {
      action: "openid-connection.set",
      target: { type: "tenant", id: ctx.tenant.id },
      details: { after: members },
    },
  });
  return toConnection({ tenantId: ctx.tenant.id, ...row });
}

export async function deleteOpenIdConnection(ctx: ServiceContext): Promise<void> {
  requirePermission(ctx, "settings:write");
  await commit(ctx, {
    change: ctx.db.delete(openIdConnections).where(eq(openIdConnections.tenantId, ctx.tenant.id)),
    audit: { action: "openid-connection.deleted", target: { type: "tenant", id: ctx.tenant.id } },
    conflict: () => notFound("OpenID connection"),
  });
}

export async function loadConnection(platform: PlatformContext, tenantId: string): Promise<ConnectionRow> {
  const [row] = await platform.db
    .select()
    .from(openIdConnections)
    .where(eq(openIdConnections.tenantId, tenantId))
    .limit(1);
  if (row === undefined) throw notFound("OpenID connection");
  return row;
}

export async function clientSecretOf(platform: PlatformContext, row: ConnectionRow): Promise<string | null> {
  return row.clientSecret === null
    ? null
    : platform.ports.secretBox.open(row.clientSecret, secretContext(row.tenantId));
}

function secretContext(tenantId: string): string {
  return `openid-connection:${tenantId}`;
}

function toConnection({ tenantId: _, clientSecret, updatedAt, ...members }: ConnectionRow): OpenIdConnection {
  return { ...members, hasClientSecret: clientSecret !== null, updatedAt: isoTime(updatedAt) };
}
