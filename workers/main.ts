import { composePlatform } from "../adapters/compose.ts";
import { createApp } from "./http/app.ts";
import { consume } from "./queues/consume.ts";
import { tick } from "./schedules/crons.ts";

// biome-ignore lint/performance/noBarrelFile: the platform finds the object classes among the exports of the entry
export { ActivityTasks } from "../durable-objects/activity-tasks.ts";
export { AnswerCache } from "../durable-objects/answer-cache.ts";
export { AuditLog } from "../durable-objects/audit-log.ts";
export { KnowledgeIndex } from "../durable-objects/knowledge-index/index-object.ts";
export { ProviderHealth } from "../durable-objects/provider-health.ts";
export { RunSlots } from "../durable-objects/run-slots.ts";
export { Scheduler } from "../durable-objects/scheduler.ts";
export { Spend } from "../durable-objects/spend.ts";
export { TenantGate } from "../durable-objects/tenant-gate.ts";
export { WorkflowRun } from "../durable-objects/workflow-run/run.ts";

const app = createApp();

export default {
  fetch: (request, env, execution) => app.fetch(request, env, execution),
  queue: (batch, env, execution) =>
    consume(composePlatform(env, { waitUntil: (work) => execution.waitUntil(work) }), batch),
  scheduled: (event, env, execution) =>
    tick(composePlatform(env, { waitUntil: (work) => execution.waitUntil(work) }), event.cron),
} satisfies ExportedHandler<Env>;
