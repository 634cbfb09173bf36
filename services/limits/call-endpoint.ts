import { asProblem, problem } from "../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";
import type { OutboundRequest, OutboundResponse } from "../ports.ts";
import { edgeBreakers, type Health } from "./edge-breakers.ts";

// Calls to what a tenant's tasks and tools reach, each origin behind a circuit breaker of the tenant.
//   N1  An origin that was given up is not called: the call fails at once, as `unavailable`.
//   N2  What counts against an origin is that nobody answers, in time or at all, and what stands before it says so (502, 503,
//       504). Any other answer is the endpoint's own word, its errors too: runs retry those as they see fit.

export const endpoints = edgeBreakers(({ endpointBreakers }) => endpointBreakers);

/** Like `outbound.fetch`. */
export async function callEndpoint(ctx: ServiceContext, request: OutboundRequest): Promise<OutboundResponse> {
  const { origin } = new URL(request.url);
  const pass = await endpoints.pass(ctx, origin);
  if (!pass.isAllowed) {
    throw problem("unavailable", {
      detail: `${origin} has failed too often and is not called for now.`,
      retryAfterSeconds: Math.max(1, Math.ceil(pass.retryAfterMs / SECOND_MS)),
      members: { reason: "broken-circuit" },
    });
  }
  const tell = (health: Health) => endpoints.tell(ctx, origin, health, pass.isProbe);
  try {
    const response = await ctx.ports.outbound.fetch(request);
    if (isGateway(response)) await tell("sick");
    else ctx.later(tell("healthy"));
    return response;
  } catch (error) {
    await tell(request.signal?.aborted ? "unknown" : healthOf(error));
    throw error;
  }
}

function isGateway({ status }: OutboundResponse): boolean {
  return status === 502 || status === 503 || status === 504;
}

function healthOf(error: unknown): Health {
  const failure = asProblem(error);
  const reason = failure?.members.reason;
  return failure?.code === "unavailable" && (reason === "timeout" || reason === "network") ? "sick" : "unknown";
}
