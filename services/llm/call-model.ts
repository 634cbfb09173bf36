import { asProblem, type Problem, problem } from "../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { ServiceContext } from "../context.ts";
import type { Answered, AskedModel } from "./asked-model.ts";
import { brokenCircuit, passBreaker } from "./breakers.ts";
import { type Attempt, beginAttempt, notePassedOver } from "./call-attempt.ts";
import type { Target } from "./find-target.ts";
import { firstAnswer } from "./first-answer.ts";
import type { Route } from "./load-route.ts";
import type { ModelCall } from "./ports.ts";

const RETRY_AFTER_SECONDS = 10;

/**
 * Asks the targets of a route until one answers: the next one when one has failed, or beside it where the route is hedged. Every
 * attempt that gave no answer is put on the bill.
 */
export async function callModel<T>(
  ctx: ServiceContext,
  asked: AskedModel,
  ask: (target: Target, call: ModelCall) => Promise<T>,
): Promise<{ answer: T; answered: Answered }> {
  const { route } = asked;
  const deadline = route.timeoutMs === null ? null : asked.startedAt + route.timeoutMs;
  const isOver = () => deadline !== null && ctx.clock.now() >= deadline;
  const waiting = [...route.targets];
  let begun = 0;
  let retryAfterMs: number | null = null;

  async function next(isHedge: boolean): Promise<Attempt<T> | null> {
    // A hedge without another target asks the first again: a second connection may be luckier.
    if (isHedge && waiting.length === 0) waiting.push(...route.targets.slice(0, 1));
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      if (isOver()) return null;
      const pass = await passBreaker(ctx, target);
      if (pass.isAllowed) {
        const of = { target, isProbe: pass.isProbe, number: begun++, answerBy: deadline };
        return beginAttempt(ctx, asked, of, ask);
      }
      if (begun === 0) notePassedOver(ctx, asked, target);
      retryAfterMs = Math.min(retryAfterMs ?? pass.retryAfterMs, pass.retryAfterMs);
    }
    return null;
  }

  const outcome = await firstAnswer(next, route.hedge, (error) => !asked.options.signal?.aborted && isPassing(error));
  for (const attempt of outcome.unfinished) {
    attempt.overtaken();
    ctx.later(attempt.ended);
  }
  if (outcome.won !== null) return { answer: outcome.won.answer, answered: outcome.won.attempt.answered };
  if (outcome.refusal !== null) throw outcome.refusal.error;
  if (begun === 0 && retryAfterMs === null && isOver()) throw late(route);
  throw exhausted(route, asProblem(outcome.failure?.error), retryAfterMs);
}

function isPassing(error: unknown): boolean {
  const failure = asProblem(error);
  return failure !== null && mayFallOver(failure);
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

/** The time was over before anybody was asked: for a budget, or for an equal call whose answer was waited for. */
function late({ name, timeoutMs }: Route): Problem {
  return problem("provider-timeout", { detail: `The model route ${name} did not answer within ${timeoutMs} ms.` });
}
