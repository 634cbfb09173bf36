import { and, eq } from "drizzle-orm";
import type { Job } from "../../domain/jobs/job.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import type { EvaluationRequest } from "../../domain/knowledge/evaluation/evaluation.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { keepJobRequest, removeJobFiles } from "../jobs/job-files.ts";
import { getJob } from "../jobs/jobs.ts";
import { loadKnowledgeBase } from "./load-knowledge-base.ts";
import { knowledgeBases } from "./table.ts";

/** Asks for an evaluation. The job's result is what the searches found, measured against the judgements. */
export async function startEvaluation(
  ctx: ServiceContext,
  knowledgeBaseId: string,
  request: EvaluationRequest,
): Promise<Job> {
  requirePermission(ctx, "knowledge:write");
  await loadKnowledgeBase(ctx, knowledgeBaseId);
  const jobId = ctx.ids.next("job");
  await keepJobRequest(ctx, jobId, request);
  try {
    await commit(ctx, {
      // Changes nothing but the time, and guards that the knowledge base still is.
      change: ctx.db
        .update(knowledgeBases)
        .set({ updatedAt: ctx.clock.now() })
        .where(and(eq(knowledgeBases.tenantId, ctx.tenant.id), eq(knowledgeBases.id, knowledgeBaseId))),
      audit: {
        action: "knowledge-base.evaluation-asked",
        target: { type: "knowledge-base", id: knowledgeBaseId },
        details: { jobId, queries: request.queries.length, isComparison: request.compareWith !== undefined },
      },
      tasks: [{ id: jobId, type: "knowledge-base.evaluate", payload: { knowledgeBaseId, jobId } }],
      conflict: () => notFound("knowledge base"),
    });
  } catch (error) {
    ctx.later(removeJobFiles(ctx, [{ id: jobId, tenantId: ctx.tenant.id }]));
    throw error;
  }
  return getJob(asReader(ctx), jobId);
}

/** Who may ask for the work may see the answer to having asked, also with a key that reads no other jobs. */
function asReader(ctx: ServiceContext): ServiceContext {
  return { ...ctx, actor: { kind: "system", name: "knowledge" } };
}
