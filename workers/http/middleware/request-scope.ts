import type { MiddlewareHandler } from "hono";
import { composePlatform } from "../../../adapters/compose.ts";
import { traceparent } from "../../../domain/kernel/trace.ts";
import type { HttpEnv } from "../env.ts";

// A request id that a client sends is echoed only when it cannot harm a log line.
const CLIENT_REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Gives every request its id, its trace and the platform behind it, and says them in the answer. */
export function requestScope(): MiddlewareHandler<HttpEnv> {
  return async function requestScope(http, next) {
    const asked = http.req.header("x-request-id");
    const platform = composePlatform(http.env, {
      ...(asked !== undefined && CLIENT_REQUEST_ID.test(asked) && { requestId: asked }),
      traceparent: http.req.header("traceparent"),
      client: {
        ip: http.req.header("cf-connecting-ip") ?? null,
        userAgent: http.req.header("user-agent")?.slice(0, 256) ?? null,
      },
      waitUntil: (work) => http.executionCtx.waitUntil(work),
    });
    http.set("platform", platform);
    http.set("principal", null);
    http.set("admission", null);
    await next();
    http.res.headers.set("x-request-id", platform.requestId);
    http.res.headers.set("traceparent", traceparent(platform.trace));
  };
}
