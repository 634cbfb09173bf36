import { asProblem } from "../../domain/kernel/problem.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import type { Answered, AskedModel } from "./asked-model.ts";
import { healthOf, targetName, tellBreaker } from "./breakers.ts";
import type { Target } from "./find-target.ts";
import type { Route } from "./load-route.ts";
import type { ModelCall } from "./ports.ts";
import { type CallOptions, settleCall } from "./record-model-call.ts";

// One target that is asked for an answer, alone or beside others.
//   A1  `ended` never rejects, and every attempt that gave no answer is on the bill once: a failure at no cost; one whose caller
//       left, or which another overtook, by the estimate of its prompt.
//   A2  An attempt that is overtaken is aborted, and says nothing of its target's health.

export interface Attempt<T> {
  answered: Answered;
  ended: Promise<AttemptEnd<T>>;
  overtaken(): void;
}

export type AttemptEnd<T> = { attempt: Attempt<T> } & (
  | { kind: "answered"; answer: T }
  | { kind: "failed"; error: unknown }
);

export interface AttemptOf {
  target: Target;
  isProbe: boolean;
  /** How many attempts of this call began before it. */
  number: number;
  /** When the route's time is over. */
  answerBy: number | null;
}

export function beginAttempt<T>(
  ctx: ServiceContext,
  asked: AskedModel,
  { target, isProbe, number, answerBy }: AttemptOf,
  ask: (target: Target, call: ModelCall) => Promise<T>,
): Attempt<T> {
  const { route, options } = asked;
  const stop = route.hedge === null ? null : new AbortController();
  const answered = answeredBy(ctx, asked, target);
  let isOvertaken = false;
  let hasFailed = false;
  const attempt: Attempt<T> = {
    answered,
    ended: end(),
    overtaken() {
      isOvertaken = true;
      if (!hasFailed) settleCall(ctx, { ...answered, ...unanswered(true) });
      stop?.abort(new DOMException("Another target was faster.", "AbortError"));
    },
  };
  return attempt;

  async function end(): Promise<AttemptEnd<T>> {
    try {
      const answer = await ask(target, modelCall(route, options, { stop, number, answerBy }));
      ctx.later(tellBreaker(ctx, target, "healthy", isProbe));
      return { attempt, kind: "answered", answer };
    } catch (error) {
      const hasLeft = options.signal?.aborted === true;
      await tellBreaker(ctx, target, hasLeft || isOvertaken ? "unknown" : healthOf(error, target), isProbe);
      if (!isOvertaken) {
        hasFailed = true;
        const problem = asProblem(error)?.code ?? "internal-error";
        settleCall(ctx, { ...answered, ...unanswered(hasLeft), problem });
      }
      return { attempt, kind: "failed", error };
    }
  }

  /** Who leaves before the answer is billed by the provider all the same, at least for the prompt. */
  function unanswered(isCancelled: boolean) {
    const usage = tokenUsage(isCancelled ? asked.promptTokens() : 0, 0);
    // Of attempts side by side each has its own row; the call's own key is the answer's.
    const billed = stop === null ? options : { ...options, ...keyOf(options, number + 1) };
    return { status: isCancelled ? "cancelled" : "failed", usage, isEstimated: true, options: billed } as const;
  }
}

/**
 * A variant that is passed over while its circuit is open has failed its subject all the same: a guard that waits for samples would
 * never see that it answers nobody.
 */
export function notePassedOver(ctx: ServiceContext, asked: AskedModel, target: Target): void {
  const answered = answeredBy(ctx, asked, target);
  if (answered.experiment === null) return;
  // The call's own key is the answer's.
  const { idempotencyKey: _, ...options } = asked.options;
  const failed = { status: "failed", usage: tokenUsage(0, 0), isEstimated: true, problem: "unavailable" } as const;
  settleCall(ctx, { ...answered, ...failed, options });
}

function answeredBy(ctx: ServiceContext, { route, options, kind, hold, isStreamed }: AskedModel, target: Target) {
  return {
    kind,
    target,
    route: route.name,
    routeVersion: route.version,
    // A target that stands in says nothing of the variant it stands in for.
    experiment: targetName(target) === route.experiment?.model ? route.experiment : null,
    hold,
    options,
    isStreamed,
    startedAt: ctx.clock.now(),
  } satisfies Answered;
}

function modelCall(
  { maxAttempts }: Route,
  options: CallOptions,
  { stop, number, answerBy }: Pick<AttemptOf, "number" | "answerBy"> & { stop: AbortController | null },
): ModelCall {
  const signals = [options.signal, stop?.signal].filter((signal) => signal !== undefined);
  const [signal] = signals.length > 1 ? [AbortSignal.any(signals)] : signals;
  return {
    // Two that are asked at the same time must not look like one to a provider that both lead to.
    ...keyOf(options, stop === null ? 0 : number),
    ...(signal !== undefined && { signal }),
    ...(answerBy !== null && { answerBy }),
    ...(maxAttempts !== null && { maxAttempts }),
  };
}

function keyOf({ idempotencyKey }: CallOptions, number: number): { idempotencyKey?: string } {
  if (idempotencyKey === undefined) return {};
  return { idempotencyKey: number === 0 ? idempotencyKey : `${idempotencyKey}/${number}` };
}
