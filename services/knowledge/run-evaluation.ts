import { problem } from "../../domain/kernel/problem.ts";
import { EvaluationRequest } from "../../domain/knowledge/evaluation/evaluation.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { findJobRequest, keepJobResult } from "../jobs/job-files.ts";
import { evaluateKnowledge } from "./evaluate-knowledge.ts";

/** Does what `startEvaluation` asked for. May be repeated: the result is written over. */
export async function runEvaluation(
  ctx: ServiceContext,
  { knowledgeBaseId, jobId }: { knowledgeBaseId: string; jobId: string },
): Promise<void> {
  requirePermission(ctx, "knowledge:read");
  const request = await findJobRequest(ctx, jobId);
  if (request === null) throw problem("not-found", { detail: "The queries of this evaluation are no longer stored." });
  await keepJobResult(ctx, jobId, await evaluateKnowledge(ctx, knowledgeBaseId, EvaluationRequest.parse(request)));
}
