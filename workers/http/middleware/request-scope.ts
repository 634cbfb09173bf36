import type { Context, MiddlewareHandler } from "hono";
import { composePlatform, reportUncomposed } from "../../../adapters/compose.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import { traceparent } from "../../../domain/kernel/trace.ts";
import type { PlatformContext, Settings } from "../../../services/context.ts";
import type { HttpEnv } from "../env.ts";
import { problemResponse } from "./problem.ts";

// A request id that a client sends is echoed only when it cannot harm a log line.
const CLIENT_REQUEST_ID = /^[\w.:-]{1,128}$/;
const LOOPBACK = "127.0.0.1";

/** Gives every request its id, its trace and the platform behind it, and says them in the answer. */
export function requestScope(): MiddlewareHandler<HttpEnv> {
  return async function requestScope(http, next) {
    const platform = platformFor(http);
    if (platform instanceof Response) return platform;
    http.set("platform", platform);
    http.set("principal", null);
    http.set("admission", null);
    await next();
    http.res.headers.set("x-request-id", platform.requestId);
    http.res.headers.set("traceparent", traceparent(platform.trace));
    return;
  };
}

function platformFor(http: Context<HttpEnv>): PlatformContext | Response {
  const asked = http.req.header("x-request-id");
  try {
    const composed = composePlatform(http.env, {
      ...(asked !== undefined && CLIENT_REQUEST_ID.test(asked) && { requestId: asked }),
      traceparent: http.req.header("traceparent"),
      waitUntil: (work) => http.executionCtx.waitUntil(work),
    });
    return { ...composed, client: clientOf(http, composed.settings) };
  } catch (error) {
    return unconfigured(error);
  }
}

/** A secret that is missing stops every request: the log names it, the caller learns no more than that. */
function unconfigured(error: unknown): Response {
  const requestId = reportUncomposed(error);
  const detail = "The platform is not configured. Its log says what is missing.";
  const response = problemResponse(problem("unavailable", { detail }), requestId);
  response.headers.set("x-request-id", requestId);
  return response;
}

/**
 * The network says who calls. On a laptop none stands before the Worker, so that its header could be anybody's; the port there
 * is open to the machine alone.
 */
function clientOf({ req }: Context<HttpEnv>, { environment }: Settings): PlatformContext["client"] {
  const ip = environment === "local" ? LOOPBACK : (req.header("cf-connecting-ip") ?? null);
  return { ip, userAgent: req.header("user-agent")?.slice(0, 256) ?? null };
}
