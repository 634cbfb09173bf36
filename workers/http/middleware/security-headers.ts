import type { MiddlewareHandler } from "hono";
import type { HttpEnv } from "../env.ts";

const HEADERS: readonly (readonly [string, string])[] = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["strict-transport-security", "max-age=63072000; includeSubDomains; preload"],
  ["cross-origin-resource-policy", "same-site"],
  ["cross-origin-opener-policy", "same-origin"],
  ["permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"],
];

// An API answer is never a page: nothing in it may load or be framed. Pages set their own policy.
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

export function securityHeaders(): MiddlewareHandler<HttpEnv> {
  return async function securityHeaders(http, next) {
    await next();
    const { headers } = http.res;
    for (const [name, value] of HEADERS) headers.set(name, value);
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", API_POLICY);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  };
}
