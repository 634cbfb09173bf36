import type { Context, MiddlewareHandler } from "hono";
import { composePlatform } from "../../../adapters/compose.ts";
import { traceparent } from "../../../domain/kernel/trace.ts";
import type { PlatformContext, Settings } from "../../../services/context.ts";
import type { HttpEnv } from "../env.ts";

// A request id that a client sends is echoed only when it cannot harm a log line.
const CLIENT_REQUEST_ID = /^[\w.:-]{1,128}$/;
const LOOPBACK = "127.0.0.1";

/** Gives every request its id, its trace and the platform behind it, and says them in the answer. */
export function requestScope(): MiddlewareHandler<HttpEnv> {
  return async function requestScope(http, next) {
    const asked = http.req.header("x-request-id");
    const composed = composePlatform(http.env, {
      ...(asked !== undefined && CLIENT_REQUEST_ID.test(asked) && { requestId: asked }),
      traceparent: http.req.header("traceparent"),
      waitUntil: (work) => http.executionCtx.waitUntil(work),
    });
    const platform = { ...composed, client: clientOf(http, composed.settings) };
    http.set("platform", platform);
    http.set("principal", null);
    http.set("admission", null);
    await next();
    http.res.headers.set("x-request-id", platform.requestId);
    http.res.headers.set("traceparent", traceparent(platform.trace));
  };
}

/**
 * The network says who calls. On a laptop none stands before the Worker, so that its header could be anybody's; the port there
 * is open to the machine alone.
 */
function clientOf({ req }: Context<HttpEnv>, { environment }: Settings): PlatformContext["client"] {
  const ip = environment === "local" ? LOOPBACK : (req.header("cf-connecting-ip") ?? null);
  return { ip, userAgent: req.header("user-agent")?.slice(0, 256) ?? null };
}
