import { asProblem, problem } from "../../domain/kernel/problem.ts";
import { saidBy } from "../../domain/knowledge/ranking/chosen.ts";
import { judgeMessages, readGrades } from "../../domain/knowledge/ranking/judge-prompt.ts";
import { judged } from "../../domain/knowledge/ranking/judged.ts";
import { CROSS_ENCODER, type Reranking, type SearchResult } from "../../domain/knowledge/search.ts";
import type { ServiceContext } from "../context.ts";
import { completeChat } from "../llm/complete-chat.ts";
import { within } from "../within.ts";
import { askingModels } from "./asking-models.ts";

/** What a second judge is shown: the right passage is almost always among these, and a judge's time grows with each. */
export const JUDGED_RESULTS = 50;
/** A grade takes a model a while; fewer passages fit its attention. */
const GRADED_RESULTS = 20;
const CROSS_ENCODER_TIMEOUT_MS = 300;
const JUDGE_TIMEOUT_MS = 15_000;

/** Results in the order of the judge that was asked for; or, when it does not answer in time, as they were, and it is said. */
export async function rerankedResults(
  ctx: ServiceContext,
  { reranker, query }: { reranker: string; query: string },
  results: readonly SearchResult[],
): Promise<{ results: readonly SearchResult[]; reranking: Reranking }> {
  const isEncoder = reranker === CROSS_ENCODER;
  const shown = results.slice(0, isEncoder ? JUDGED_RESULTS : GRADED_RESULTS).map((result) => saidBy(result));
  if (shown.length === 0) return { results, reranking: { by: reranker, isApplied: true } };
  try {
    const scores = isEncoder ? await encoderScores(ctx, query, shown) : await grades(ctx, reranker, query, shown);
    return { results: judged(results, scores), reranking: { by: reranker, isApplied: true } };
  } catch (error) {
    const known = asProblem(error);
    // Nothing that a caller can mend by waiting: a model that does not exist.
    if (known?.code === "not-found" || known?.code === "validation-failed") throw error;
    ctx.log.warn("knowledge.rerank-failed", { by: reranker, code: known?.code ?? "internal-error" });
    const reason = known?.message ?? "The reranker failed.";
    return { results, reranking: { by: reranker, isApplied: false, reason } };
  }
}

async function encoderScores(ctx: ServiceContext, query: string, texts: readonly string[]): Promise<number[]> {
  const encoder = ctx.ports.crossEncoder;
  if (encoder === null) throw problem("unavailable", { detail: "No cross-encoder is configured." });
  return inTime(encoder.scores(query, texts), CROSS_ENCODER_TIMEOUT_MS);
}

async function grades(ctx: ServiceContext, model: string, query: string, texts: readonly string[]): Promise<number[]> {
  const messages = judgeMessages(query, texts).map(({ role, content }) => ({ role, content }));
  const signal = AbortSignal.timeout(JUDGE_TIMEOUT_MS);
  const completion = await completeChat(askingModels(ctx), { model, messages, temperature: 0 }, { signal });
  const scores = readGrades(completion.choices[0]?.message.content ?? "", texts.length);
  if (scores === null) throw problem("provider-failed", { detail: "The model's grades cannot be read." });
  return scores;
}

function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return within(work, timeoutMs, () => {
    throw problem("provider-timeout", { detail: `The reranker took more than ${timeoutMs} ms.` });
  });
}
