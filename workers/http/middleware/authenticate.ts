import type { Context } from "hono";
import { type Actor, actorReference } from "../../../domain/kernel/actor.ts";
import type { Permission } from "../../../domain/kernel/permission.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import type { Endpoint } from "../../../domain/limits/endpoint.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { requirePermission } from "../../../services/context.ts";
import { admitBearer } from "../../../services/limits/admit.ts";
import type { HttpEnv } from "../env.ts";
import { enter } from "./rate-limit.ts";

/** What a surface that does not describe its operations one by one is counted as. */
const ANY_CALL: Endpoint = { class: "writes", quota: null };

/** Establishes tenant and actor from the credential, counts the call, and refuses when the permission is missing. */
export async function authenticate(
  http: Context<HttpEnv>,
  permission: Permission | null,
  endpoint: Endpoint = ANY_CALL,
): Promise<ServiceContext> {
  const platform = http.get("platform");
  const token = bearerToken(http);
  const admission = token === null ? null : await admitBearer(platform, token, endpoint);
  if (admission === null) throw problem("unauthenticated");
  enter(http, admission);
  return actAs(http, admission.principal, permission);
}

/** The context in which an established principal acts, whichever way it was established. */
export async function actAs(
  http: Context<HttpEnv>,
  principal: { tenantId: string; actor: Actor },
  permission: Permission | null,
): Promise<ServiceContext> {
  const platform = http.get("platform");
  const ctx: ServiceContext = { ...platform, tenant: { id: principal.tenantId }, actor: principal.actor };
  const actor = actorReference(principal.actor);
  http.set("principal", { tenantId: ctx.tenant.id, actor: `${actor.type}:${actor.id}` });
  if (permission !== null) requirePermission(ctx, permission);
  return ctx;
}

/** RFC 6750 section 2.1. Only the header: a token in a URL would end up in logs. */
export function bearerToken(http: Context<HttpEnv>): string | null {
  return /^Bearer +([\w.~+/=-]{1,4096})$/i.exec(http.req.header("authorization") ?? "")?.[1] ?? null;
}
