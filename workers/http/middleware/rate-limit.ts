import type { Context, MiddlewareHandler } from "hono";
import { actorReference } from "../../../domain/kernel/actor.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import type { Endpoint } from "../../../domain/limits/endpoint.ts";
import { rateLimitFields, seconds } from "../../../domain/limits/rate-limit-fields.ts";
import type { Principal } from "../../../services/identity/principals.ts";
import { type Admission, admitPrincipal } from "../../../services/limits/admit.ts";
import type { HttpEnv } from "../env.ts";

/**
 * Stands before everything else: an address that sends too much is turned away before its credential is looked at. After
 * the answer it says how the caller's limits stand, on refusals too, and gives back what a failed call had been counted for.
 */
export function rateLimit(): MiddlewareHandler<HttpEnv> {
  return async function rateLimit(http, next) {
    const platform = http.get("platform");
    const refused = await platform.ports.addressShield.refusal(platform.client.ip ?? "", platform.clock.now());
    if (refused !== null) {
      throw problem("rate-limited", {
        detail: "Too many requests from this address.",
        retryAfterSeconds: seconds(refused.retryAfterMs),
        members: { "violated-policies": ["address"] },
      });
    }
    await next();
    const admission = http.get("admission");
    if (admission === null) return;
    if (http.res.status >= 400) admission.refund?.();
    if (admission.rates.length === 0) return;
    for (const [name, value] of Object.entries(rateLimitFields(admission.rates))) http.res.headers.set(name, value);
  };
}

/** Counts a call of a caller whose credential was checked in another way than as a bearer token. */
export async function limitPrincipal(http: Context<HttpEnv>, principal: Principal, endpoint: Endpoint): Promise<void> {
  const admission = await admitPrincipal(http.get("platform"), principal, endpoint);
  if (admission === null) throw problem("unauthenticated");
  enter(http, admission);
}

/** Keeps the admission for the answer, and stops the call where it may not go on. */
export function enter(http: Context<HttpEnv>, admission: Admission): void {
  const { tenantId, actor } = admission.principal;
  const { type, id } = actorReference(actor);
  http.set("admission", admission);
  http.set("principal", { tenantId, actor: `${type}:${id}` });
  if (admission.refusal !== null) throw admission.refusal;
}
