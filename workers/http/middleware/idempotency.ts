import type { Context } from "hono";
import { actorReference } from "../../../domain/kernel/actor.ts";
import { sha256Hex } from "../../../domain/kernel/digest.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import type { ServiceContext } from "../../../services/context.ts";
import { claimIdempotencyKey, keepAnswer, releaseIdempotencyKey } from "../../../services/jobs/idempotency.ts";
import type { HttpEnv } from "../env.ts";

const KEPT_HEADERS = ["content-type", "location"];

/**
 * Runs a POST at most once per `Idempotency-Key` and replays the first answer (draft-ietf-httpapi-idempotency-key-header-07).
 * Only answers that changed something are kept: after a refusal or a failure the key is free again.
 */
export async function idempotent(
  ctx: ServiceContext,
  http: Context<HttpEnv>,
  body: string | null,
  run: () => Promise<Response>,
): Promise<Response> {
  const header = http.req.header("idempotency-key");
  if (header === undefined) return run();
  const key = keyOf(header);
  const actor = actorReference(ctx.actor);
  const principal = `${actor.type}:${actor.id}`;
  const url = new URL(http.req.url);
  const fingerprint = sha256Hex(`${http.req.method} ${url.pathname}${url.search}\n${body ?? ""}`);
  const claim = await claimIdempotencyKey(ctx, { principal, key, fingerprint });
  switch (claim.kind) {
    case "replay":
      return new Response(claim.body, {
        status: claim.status,
        headers: { ...claim.headers, "idempotency-replayed": "true" },
      });
    case "running":
      throw problem("request-in-progress", { retryAfterSeconds: 1 });
    case "reused":
      throw problem("idempotency-key-reused");
    case "claimed":
      break;
  }
  try {
    const response = await run();
    const isText = (response.headers.get("content-type") ?? "").includes("json");
    if (!response.ok || !isText) {
      await releaseIdempotencyKey(ctx, { principal, key });
      return response;
    }
    const text = await response.text();
    const headers = Object.fromEntries(
      KEPT_HEADERS.flatMap((name) => {
        const value = response.headers.get(name);
        return value === null ? [] : [[name, value]];
      }),
    );
    await keepAnswer(ctx, { principal, key, status: response.status, headers, body: text });
    return new Response(text, response);
  } catch (error) {
    await releaseIdempotencyKey(ctx, { principal, key });
    throw error;
  }
}

/** The key is a structured-field string (RFC 9651 section 3.3.3); the bare form that most clients send is taken too. */
function keyOf(header: string): string {
  const key = /^"([\x20-\x7e]*)"$/.exec(header.trim())?.[1] ?? header.trim();
  if (key.length === 0 || key.length > 255) {
    throw problem("validation-failed", {
      errors: [{ pointer: "Idempotency-Key", detail: "must have 1 to 255 characters" }],
    });
  }
  return key;
}
