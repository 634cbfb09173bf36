import type { Context, MiddlewareHandler } from "hono";
import { Origin } from "../../../domain/tenants/origin.ts";
import { isOriginAllowed } from "../../../services/tenants/allowed-origins.ts";
import type { HttpEnv } from "../env.ts";

// Cross-origin reading (the Fetch standard, "CORS protocol"), for the origins that a tenant listed.
//   C1  an origin is echoed only when it is on the list; there is no wildcard, and `null` is never on it.
//   C2  credentials are never allowed: the API takes no cookie, so a page holds its token itself or has none.
//   C3  every answer varies with Origin, so that a cache never serves one page's answer to another.

const METHODS = "GET, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS =
  "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, traceparent, x-request-id, x-weft-cache-control";
/** OpenAI's clients tell with every call what they are and run on. */
const CLIENT_HEADER = /^(?:x-stainless-[a-z-]+|openai-(?:organization|project))$/;
const EXPOSED_HEADERS = [
  ...["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id", "traceparent", "Idempotency-Replayed"],
  ...[
    "ETag",
    "Location",
    "WWW-Authenticate",
    "X-Should-Retry",
    "X-Weft-Cache",
    "X-Weft-Cache-Removed",
    "X-Weft-Fallback",
    "X-Weft-Provider",
    "X-Weft-Model",
    "X-Weft-Cost-Usd-Micros",
  ],
].join(", ");
// Ten minutes: the longest that all browsers keep a preflight.
const MAX_AGE_SECONDS = "600";

export function cors(): MiddlewareHandler<HttpEnv> {
  return async function cors(http, next) {
    const origin = http.req.header("origin");
    const isPreflight = http.req.method === "OPTIONS" && http.req.header("access-control-request-method") !== undefined;
    if (origin !== undefined && isPreflight) {
      http.res = await preflight(http, origin);
      return;
    }
    await next();
    http.res.headers.append("vary", "Origin");
    if (origin === undefined || !Origin.safeParse(origin).success) return;
    const tenantId = http.get("principal")?.tenantId ?? null;
    if (!(await isOriginAllowed(http.get("platform"), origin, tenantId))) return;
    http.res.headers.set("access-control-allow-origin", origin);
    http.res.headers.set("access-control-expose-headers", EXPOSED_HEADERS);
  };
}

async function preflight(http: Context<HttpEnv>, origin: string): Promise<Response> {
  const headers = new Headers({ vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" });
  if (Origin.safeParse(origin).success && (await isOriginAllowed(http.get("platform"), origin, null))) {
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-allow-methods", METHODS);
    const asked = (http.req.header("access-control-request-headers") ?? "").toLowerCase().split(",");
    const clients = asked.map((name) => name.trim()).filter((name) => CLIENT_HEADER.test(name));
    headers.set("access-control-allow-headers", [REQUEST_HEADERS, ...clients].join(", "));
    headers.set("access-control-max-age", MAX_AGE_SECONDS);
  }
  return new Response(null, { status: 204, headers });
}
