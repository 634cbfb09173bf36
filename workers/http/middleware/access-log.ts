import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { HttpEnv } from "../env.ts";

/** One JSON line a request. The route's pattern stands for the path, so that lines group and ids stay out of metrics. */
export function accessLog(): MiddlewareHandler<HttpEnv> {
  return async function accessLog(http, next) {
    const { platform } = http.var;
    const startedAt = platform.clock.now();
    await next();
    const record = {
      requestId: platform.requestId,
      traceId: platform.trace.traceId,
      method: http.req.method,
      path: http.req.path,
      route: routePath(http, -1),
      status: http.res.status,
      ms: platform.clock.now() - startedAt,
      ...http.var.principal,
    };
    // A turn of the clock later the answer has left. Writing a line takes a tenth of what a call to a model does, and nobody waits for it.
    platform.later(scheduler.wait(0).then(() => platform.log.info("request", record)));
  };
}
