import type { Context } from "hono";
import type { Json } from "../../../domain/kernel/json.ts";
import { isKnown, type Precondition, readTags, tagOfJson } from "../../../domain/kernel/precondition.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import type { HttpEnv } from "../env.ts";

/** What the request demands of the resource; undefined when it demands nothing. */
export function preconditionOf(http: Context<HttpEnv>): Precondition | undefined {
  const ifMatch = tagsIn(http, "If-Match");
  const ifNoneMatch = tagsIn(http, "If-None-Match");
  return ifMatch === null && ifNoneMatch === null ? undefined : { ifMatch, ifNoneMatch };
}

/**
 * The answer with the tag of its representation; 304 where the client has it. What one credential sees another may not: the
 * answer varies with it, and like every other it is not to be stored by anything shared.
 */
export async function tagged(
  http: Context<HttpEnv>,
  response: Response,
  precondition: Precondition | undefined,
): Promise<Response> {
  if (!response.ok || response.headers.get("content-type") !== "application/json") return response;
  const text = await response.text();
  const etag = tagOfJson(JSON.parse(text) as Json);
  const headers = new Headers(response.headers);
  headers.set("etag", etag);
  headers.append("vary", "Authorization");
  if (http.req.method === "GET" && precondition !== undefined && isKnown(precondition, etag)) {
    headers.delete("content-type");
    return new Response(null, { status: 304, headers });
  }
  return new Response(text, { status: response.status, headers });
}

function tagsIn(http: Context<HttpEnv>, name: "If-Match" | "If-None-Match"): Precondition["ifMatch"] {
  const header = http.req.header(name);
  if (header === undefined) return null;
  const tags = readTags(header);
  if (tags === null) {
    throw problem("validation-failed", { errors: [{ pointer: name, detail: "must be * or a list of entity tags" }] });
  }
  return tags;
}
