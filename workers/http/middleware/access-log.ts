import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { PastRecord } from "../../../services/context.ts";
import { GATHER_MS, gathering } from "../../../services/gather.ts";
import type { HttpEnv } from "../env.ts";

/** Writing a line takes a tenth of what a call to a model does: lines are written together, and no answer waits for them. */
const writeTogether = gathering<PastRecord>(
  GATHER_MS,
  () => "",
  async ({ log }, records) => log.past("request", records),
);

/** One JSON line a request. The route's pattern stands for the path, so that lines group and ids stay out of metrics. */
export function accessLog(): MiddlewareHandler<HttpEnv> {
  return async function accessLog(http, next) {
    const platform = http.get("platform");
    const startedAt = platform.clock.now();
    await next();
    const at = platform.clock.now();
    const record = {
      at,
      requestId: platform.requestId,
      traceId: platform.trace.traceId,
      method: http.req.method,
      path: http.req.path,
      route: routePath(http, -1),
      status: http.res.status,
      ms: at - startedAt,
      ...http.get("principal"),
    };
    platform.later(writeTogether(platform, record));
  };
}
