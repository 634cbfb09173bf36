import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { Guardrail, Stage } from "../../domain/llm/guardrail.ts";
import { isOn } from "../../domain/llm/guardrail-judge.ts";
import { moderationRequest, moderationVerdict } from "../../domain/llm/moderation.ts";
import { estimatedPromptTokens } from "../../domain/llm/token-estimate.ts";
import { tokenUsage } from "../../domain/llm/token-usage.ts";
import type { ServiceContext } from "../context.ts";
import { holdBudgets } from "./budget-hold.ts";
import { callModel } from "./call-model.ts";
import { noteFindings } from "./guard-decisions.ts";
import { loadRoute, type Route } from "./load-route.ts";
import { type CallOptions, settleCall } from "./record-model-call.ts";

type Moderation = Guardrail & { type: "moderation" };

/**
 * Whether a model holds a text back by one of the route's policies. The judge's calls are on the bill like any other. A judge
 * that cannot be asked, or says neither yes nor no, fails the call when it could have blocked it.
 */
export async function isHeldBack(
  ctx: ServiceContext,
  route: Route,
  stage: Stage,
  text: string,
  options: CallOptions,
): Promise<boolean> {
  if (text === "") return false;
  for (const guardrail of route.guardrails) {
    if (guardrail.type !== "moderation" || !isOn(guardrail.on, stage)) continue;
    if (!(await breaksPolicy(ctx, guardrail, text, options))) continue;
    noteFindings(ctx, route.name, stage, [{ guardrail: "moderation", action: guardrail.action, found: { policy: 1 } }]);
    if (guardrail.action === "block") return true;
  }
  return false;
}

async function breaksPolicy(
  ctx: ServiceContext,
  guardrail: Moderation,
  text: string,
  options: CallOptions,
): Promise<boolean> {
  try {
    return await askJudge(ctx, guardrail, text, options);
  } catch (error) {
    if (asProblem(error) === null || guardrail.action === "block") throw error;
    ctx.log.warn("guardrail.judge-silent", { model: guardrail.model, cause: String(error) });
    return false;
  }
}

async function askJudge(
  ctx: ServiceContext,
  { model, policy }: Moderation,
  text: string,
  { signal }: CallOptions,
): Promise<boolean> {
  const request = moderationRequest(model, policy, text);
  const promptTokens = () => estimatedPromptTokens(request);
  const route = await loadRoute(ctx, model);
  const hold = await holdBudgets(ctx, route, promptTokens, request);
  // The call's own idempotency key is the answer's: the judge is another call.
  const options = { ...(signal && { signal }) };
  try {
    const { answer, answered } = await callModel(
      ctx,
      { kind: "chat", route, isStreamed: false, startedAt: ctx.clock.now(), options, hold, promptTokens },
      (target, call) =>
        ctx.ports.chatModels.open(target.provider).chat.complete({ ...request, model: target.model }, call),
    );
    const usage = answer.usage ?? tokenUsage(promptTokens(), 1);
    settleCall(ctx, { ...answered, status: "succeeded", usage, isEstimated: !answer.usage });
    const verdict = moderationVerdict(answer);
    if (verdict === null) throw problem("provider-failed", { detail: `The judge ${model} said neither yes nor no.` });
    return verdict;
  } finally {
    hold.end();
  }
}
