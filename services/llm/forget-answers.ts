import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { dropWaiting } from "./answer-keeping.ts";

/** Forgets the cached answers of a route, of a model (`provider/model`), of both, or all of the tenant's; tells how many. */
export async function forgetAnswers(
  ctx: ServiceContext,
  of: { route?: string | undefined; model?: string | undefined },
): Promise<number> {
  requirePermission(ctx, "settings:write");
  dropWaiting(ctx);
  const count = await ctx.ports.answerCaches.of(ctx.tenant.id).forget(of);
  await commit(ctx, { change: [], audit: { action: "cache.cleared", details: { ...of, count } } });
  return count;
}
