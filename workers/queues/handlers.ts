import type { Task } from "../../domain/jobs/message.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { ServiceContext } from "../../services/context.ts";
import { sendMail } from "../../services/identity/send-mail.ts";
import { clearGeneration } from "../../services/knowledge/clear-generation.ts";
import { ingestDocument, ingestDocuments } from "../../services/knowledge/ingest-document.ts";
import { reembedKnowledgeBase } from "../../services/knowledge/reembed-knowledge-base.ts";
import { removeKnowledgeBase } from "../../services/knowledge/remove-knowledge-base.ts";
import { removeRevisions } from "../../services/knowledge/remove-revisions.ts";
import { runEvaluation } from "../../services/knowledge/run-evaluation.ts";
import { settleDocument } from "../../services/knowledge/settle-document.ts";
import { eraseTenant, restTenant } from "../../services/tenant-data/erase-tenant.ts";
import { exportTenant } from "../../services/tenant-data/export-tenant.ts";
import { outcomeOf, type Settled } from "../../services/together.ts";
import { fireTrigger } from "../../services/workflows/fire-trigger.ts";
import { publishPlatformEvent } from "../../services/workflows/publish-event.ts";

/** Which verb does each type of task. Exhaustive: a new type does not compile before it has its line. */
export async function handleTask(ctx: ServiceContext, task: Task): Promise<void> {
  switch (task.type) {
    case "document.ingest":
      return endWith(await ingestDocument(ctx, task.payload));
    case "document.settle":
      return endWith(await settleDocument(ctx, task.payload));
    case "document.remove":
      return removeRevisions(ctx, task.payload.knowledgeBaseId, task.payload.revisions);
    case "knowledge-base.remove":
      return removeKnowledgeBase(ctx, task.payload);
    case "knowledge-base.reembed":
      return reembedKnowledgeBase(ctx, task.payload);
    case "knowledge-base.clear-generation":
      return clearGeneration(ctx, task.payload);
    case "knowledge-base.evaluate":
      return runEvaluation(ctx, task.payload);
    case "tenant.export":
      return exportTenant(ctx, task.payload.jobId);
    case "tenant.erase":
      return eraseTenant(ctx, task.payload.tenantId);
    case "tenant.rest":
      return restTenant(ctx, task.payload.tenantId);
    case "event.publish":
      return publishPlatformEvent(ctx, task.payload);
    case "trigger.fire":
      return fireTrigger(ctx, task.payload);
    case "mail.send":
      return sendMail(ctx, task.payload);
    default:
      return task satisfies never;
  }
}

/** Does tasks that were rung for together (`companyOf`), and answers for each. */
export async function handleTogether(ctx: ServiceContext, tasks: readonly Task[]): Promise<Settled<void>[]> {
  const ingestions = tasks.flatMap((task) => (task.type === "document.ingest" ? [task.payload] : []));
  const [first] = ingestions;
  if (first === undefined || ingestions.length < tasks.length) {
    return Promise.allSettled(tasks.map((task) => handleTask(ctx, task)));
  }
  const outcomes = await ingestDocuments(ctx, first.knowledgeBaseId, ingestions);
  return Promise.allSettled(outcomes.map(async (outcome) => endWith(outcomeOf(outcome))));
}

/** The document says why it failed, and so does its job: it can be run again when that is mended. */
function endWith(failure: string | null): void {
  if (failure !== null) throw problem("document-failed", { detail: failure });
}
