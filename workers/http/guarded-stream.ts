import type { Context } from "hono";
import type { Permission } from "../../domain/kernel/permission.ts";
import { stillPermitted } from "../../services/identity/still-permitted.ts";
import type { HttpEnv } from "./env.ts";
import { bearerToken } from "./middleware/authenticate.ts";

/** The stream, until its reader is signed out, removed or demoted: what comes after that is not passed on. */
export async function whilePermitted(
  http: Context<HttpEnv>,
  permission: Permission,
  response: Response,
): Promise<Response> {
  if (response.body === null) return response;
  const holds = await stillPermitted(http.get("platform"), bearerToken(http) ?? "", permission);
  const guard = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      if (await holds()) controller.enqueue(chunk);
      else controller.terminate();
    },
  });
  return new Response(response.body.pipeThrough(guard), response);
}
