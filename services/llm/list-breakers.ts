import { failureRate } from "../../domain/kernel/circuit-breaker.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { BreakerView } from "../../domain/llm/breaker-view.ts";
import { parseModelName } from "../../domain/llm/model-name.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import type { TargetBreaker } from "../limits/ports.ts";

/** The circuit breakers of every model and endpoint that the tenant called of late, or that has ever opened. */
export async function listBreakers(ctx: ServiceContext): Promise<BreakerView[]> {
  requirePermission(ctx, "llm:read");
  const { modelBreakers, endpointBreakers } = ctx.ports;
  const [models, endpoints] = await Promise.all(
    [modelBreakers, endpointBreakers].map((breakers) => breakers.of(ctx.tenant.id).list()),
  );
  const now = ctx.clock.now();
  return [
    ...inOrder(models ?? []).map((model) => ({
      kind: "model" as const,
      ...(parseModelName(model.target) ?? { provider: model.target, model: "" }),
      ...stateOf(model, now),
    })),
    ...inOrder(endpoints ?? []).map((endpoint) => ({
      ...{ kind: "endpoint" as const, provider: "endpoint", model: endpoint.target },
      ...stateOf(endpoint, now),
    })),
  ];
}

function inOrder(breakers: readonly TargetBreaker[]): TargetBreaker[] {
  return breakers.toSorted((a, b) => a.target.localeCompare(b.target));
}

function stateOf(
  { breaker, retryAfterMs }: TargetBreaker,
  now: number,
): Omit<BreakerView, "kind" | "provider" | "model"> {
  const { calls, rate } = failureRate(breaker, now);
  return {
    // One whose time is over waits for its probe, whether or not a call has come.
    state: breaker.state === "open" && retryAfterMs === 0 ? "half-open" : breaker.state,
    openedAt: breaker.openedAt === null ? null : isoTime(breaker.openedAt),
    failureRate: rate,
    calls,
    opens: breaker.opens,
  };
}
