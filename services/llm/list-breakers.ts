import { isoTime } from "../../domain/kernel/time.ts";
import { type BreakerView, failureRate } from "../../domain/llm/circuit-breaker.ts";
import { parseModelName } from "../../domain/llm/model-name.ts";
import { requirePermission, type ServiceContext } from "../context.ts";

/** The circuit breakers of every model that the tenant called of late, or that has ever opened. */
export async function listBreakers(ctx: ServiceContext): Promise<BreakerView[]> {
  requirePermission(ctx, "llm:read");
  const now = ctx.clock.now();
  const breakers = await ctx.ports.providerHealths.of(ctx.tenant.id).list();
  return breakers
    .map(({ target, breaker, retryAfterMs }) => {
      const { calls, rate } = failureRate(breaker, now);
      return {
        ...(parseModelName(target) ?? { provider: target, model: "" }),
        // One whose time is over waits for its probe, whether or not a call has come.
        state: breaker.state === "open" && retryAfterMs === 0 ? "half-open" : breaker.state,
        openedAt: breaker.openedAt === null ? null : isoTime(breaker.openedAt),
        failureRate: rate,
        calls,
        opens: breaker.opens,
      };
    })
    .sort((a, b) => a.provider.localeCompare(b.provider) || a.model.localeCompare(b.model));
}
