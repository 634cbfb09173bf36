import { asProblem, type Problem, problem } from "../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import { brokenCircuit, healthOf, passBreaker, tellBreaker } from "./breakers.ts";
import type { BudgetHold } from "./budget-hold.ts";
import type { Target } from "./find-target.ts";
import type { Route } from "./load-route.ts";
import type { ModelCall } from "./ports.ts";
import { type CallFacts, type CallOptions, settleCall } from "./record-model-call.ts";

export interface AskedModel {
  kind: "chat" | "embedding";
  route: Route;
  isStreamed: boolean;
  options: CallOptions;
  hold: BudgetHold | null;
  /** For the bill of a caller that left while the model was at work. */
  promptTokens(): number;
}

/** Who answered, as the bill wants to know it. */
export type Answered = Pick<
  CallFacts,
  "kind" | "target" | "route" | "routeVersion" | "experiment" | "hold" | "options" | "isStreamed" | "startedAt"
>;

const RETRY_AFTER_SECONDS = 10;

/** Asks the targets of a route one after the other until one answers. Every failure on the way is put on the bill, at no cost. */
export async function callModel<T>(
  ctx: ServiceContext,
  { kind, route, isStreamed, options, hold, promptTokens }: AskedModel,
  ask: (target: Target, call: ModelCall) => Promise<T>,
): Promise<{ answer: T; answered: Answered }> {
  const deadline = route.timeoutMs === null ? null : ctx.clock.now() + route.timeoutMs;
  const { signal } = options;
  let failure: Problem | null = null;
  let retryAfterMs: number | null = null;
  for (const listed of route.targets) {
    const startedAt = ctx.clock.now();
    if (deadline !== null && startedAt >= deadline) break;
    const pass = await passBreaker(ctx, listed);
    if (!pass.isAllowed) {
      retryAfterMs = Math.min(retryAfterMs ?? pass.retryAfterMs, pass.retryAfterMs);
      continue;
    }
    const target = deadline === null ? listed : within(listed, deadline - startedAt);
    const answered: Answered = {
      kind,
      target,
      route: route.name,
      routeVersion: route.version,
      // A target that stands in says nothing of the variant it stands in for.
      experiment: `${target.provider.name}/${target.model}` === route.experiment?.model ? route.experiment : null,
      hold,
      options,
      isStreamed,
      startedAt,
    };
    try {
      const answer = await ask(target, callOf(route, options));
      ctx.later(tellBreaker(ctx, target, "healthy", pass.isProbe));
      return { answer, answered };
    } catch (error) {
      await tellBreaker(ctx, target, signal?.aborted ? "unknown" : healthOf(error, target), pass.isProbe);
      // Who leaves before the answer is billed by the provider all the same, at least for the prompt.
      const usage = tokenUsage(signal?.aborted ? promptTokens() : 0, 0);
      const status = signal?.aborted ? "cancelled" : "failed";
      failure = asProblem(error);
      const code = failure?.code ?? "internal-error";
      settleCall(ctx, { ...answered, status, usage, isEstimated: true, problem: code });
      if (signal?.aborted || failure === null || !mayFallOver(failure)) throw error;
    }
  }
  throw exhausted(route, failure, retryAfterMs);
}

/** What another target may do better: an outage, or a trouble of this target's own account; never a fault of the request. */
export function mayFallOver({ code, members }: Problem): boolean {
  if (code === "provider-failed" || code === "provider-timeout" || code === "unavailable") return true;
  return code === "provider-refused" && [401, 402, 403, 404, 429].includes(Number(members.providerStatus));
}

function exhausted({ name, targets }: Route, failure: Problem | null, retryAfterMs: number | null): Problem {
  const [only] = targets.length === 1 ? targets : [];
  if (failure !== null && (name === null || only !== undefined)) return failure;
  if (name === null && only !== undefined && retryAfterMs !== null) return brokenCircuit(only, retryAfterMs);
  const openSeconds = retryAfterMs === null ? null : Math.max(1, Math.ceil(retryAfterMs / SECOND_MS));
  return problem("unavailable", {
    detail: `No target of the model route ${name} answers.`,
    retryAfterSeconds: failure?.retryAfterSeconds ?? openSeconds ?? RETRY_AFTER_SECONDS,
    ...(failure !== null && { cause: failure }),
  });
}

function within({ provider, model }: Target, remainingMs: number): Target {
  return { provider: { ...provider, timeoutMs: Math.min(provider.timeoutMs, remainingMs) }, model };
}

function callOf({ maxAttempts }: Route, { idempotencyKey, signal }: CallOptions): ModelCall {
  return {
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(signal !== undefined && { signal }),
    ...(maxAttempts !== null && { maxAttempts }),
  };
}
