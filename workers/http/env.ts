import type { PlatformContext } from "../../services/context.ts";
import type { Admission } from "../../services/limits/admit.ts";

/** What Hono carries through a request. Read it by `get`: `var` makes an object of all of it each time. */
export interface HttpEnv {
  Bindings: Env;
  Variables: {
    platform: PlatformContext;
    /** What the access log adds once the caller is known. */
    principal: { tenantId: string; actor: string } | null;
    /** How the caller was let in, or refused, by its limits; null before that and for callers without a tenant. */
    admission: Admission | null;
  };
}
