import type { Context } from "hono";
import { problem } from "../../../domain/kernel/problem.ts";
import type { PlatformContext } from "../../../services/context.ts";
import { isOperatorToken } from "../../../services/identity/is-operator-token.ts";
import type { HttpEnv } from "../env.ts";
import { bearerToken } from "./authenticate.ts";

/** Admits the platform's operator, who is known by one secret and belongs to no tenant. */
export function requireOperator(http: Context<HttpEnv>): PlatformContext {
  const platform = http.get("platform");
  const token = bearerToken(http);
  if (token === null || !isOperatorToken(platform, token)) throw problem("unauthenticated");
  return platform;
}
