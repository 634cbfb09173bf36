import type { PlatformContext } from "../../services/context.ts";

/** What Hono carries through a request. */
export interface HttpEnv {
  Bindings: Env;
  Variables: {
    platform: PlatformContext;
    /** What the access log adds once the caller is known. */
    principal: { tenantId: string; actor: string } | null;
  };
}
