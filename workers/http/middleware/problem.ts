import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { routePath } from "hono/route";
import type { Problem } from "../../../domain/kernel/problem.ts";
import { asProblem, PROBLEMS, problem } from "../../../domain/kernel/problem.ts";
import { noteRefusal } from "../../../services/audit/note-refusal.ts";
import type { HttpEnv } from "../env.ts";

const TYPE_BASE = "https://weft.dev/problems/";

/** Turns whatever was thrown into an answer. A defect is logged and tracked; its message never reaches the client. */
export function answerError(error: unknown, http: Context<HttpEnv>): Response {
  const known = asProblem(error) ?? asMalformed(error);
  if (known?.code === "forbidden") noteIfKnown(http, known);
  const platform = http.get("platform");
  if (known !== null) return withChallenge(problemResponse(known, platform.requestId), http);
  platform.log.error("defect", error, { requestId: platform.requestId, path: http.req.path });
  platform.ports.errorTracker.capture(error, { requestId: platform.requestId, path: http.req.path });
  return problemResponse(problem("internal-error"), platform.requestId);
}

/** After the answer has left. Who is not known has no log to be noted in. */
function noteIfKnown(http: Context<HttpEnv>, { members }: Problem): void {
  const platform = http.get("platform");
  const admission = http.get("admission");
  if (admission === null) return;
  const { tenantId, actor } = admission.principal;
  const permission = typeof members.permission === "string" ? members.permission : null;
  const refused = { method: http.req.method, route: routePath(http, -1), permission };
  platform.later(noteRefusal({ ...platform, tenant: { id: tenantId }, actor }, refused));
}

/** RFC 9457. The only place that builds `application/problem+json`. */
export function problemResponse(failure: Problem, requestId: string): Response {
  const { status, title } = PROBLEMS[failure.code];
  const headers = new Headers({ "content-type": "application/problem+json" });
  const retryAfter = failure.retryAfterSeconds ?? (status === 503 ? 1 : undefined);
  if (retryAfter !== undefined) headers.set("retry-after", String(Math.max(1, Math.ceil(retryAfter))));
  const allow = failure.members.allow;
  if (status === 405 && Array.isArray(allow)) headers.set("allow", allow.join(", "));
  const body = {
    type: `${TYPE_BASE}${failure.code}`,
    title,
    status,
    detail: failure.message,
    instance: `urn:weft:request:${requestId}`,
    code: failure.code,
    requestId,
    ...(failure.errors && { errors: failure.errors }),
    ...failure.members,
  };
  return new Response(JSON.stringify(body), { status, headers });
}

/** RFC 6750 section 3.1: who sent no credential is told of no error in it. */
function withChallenge(response: Response, http: Context<HttpEnv>): Response {
  if (response.status !== 401) return response;
  const hasCredential = http.req.header("authorization") !== undefined;
  response.headers.set("www-authenticate", hasCredential ? 'Bearer error="invalid_token"' : "Bearer");
  return response;
}

/** Hono's own refusals, of which only unreadable requests remain. */
function asMalformed(error: unknown): Problem | null {
  return error instanceof HTTPException && error.status < 500 ? problem("malformed-request") : null;
}
