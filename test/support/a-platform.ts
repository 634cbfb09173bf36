import { env } from "cloudflare:workers";
import { composePlatform } from "../../adapters/compose.ts";
import type { PlatformContext } from "../../services/context.ts";

/** The platform behind the Worker under test, for arranging what no request can and for looking behind the answers. */
export function aPlatform(changes: Partial<PlatformContext> = {}): PlatformContext & { settled(): Promise<void> } {
  const pending: Promise<unknown>[] = [];
  const platform = composePlatform(env, { waitUntil: (work) => pending.push(work) });
  return {
    ...platform,
    ...changes,
    /** Waits for the work that went on after the answers. */
    async settled() {
      while (pending.length > 0) await Promise.all(pending.splice(0));
    },
  };
}
