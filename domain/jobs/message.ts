import * as z from "zod";

/** One version of a document's content and the folder of its files. */
const Revision = z.object({ documentId: z.string(), version: z.int(), folder: z.string() });

/** One index of a knowledge base. */
const Generation = z.object({ knowledgeBaseId: z.string(), generation: z.int() });

// What is asked of a consumer, by type. The payloads hold ids: what they stand for is read where it is kept.
const tasks = {
  "document.ingest": Revision.extend({ knowledgeBaseId: z.string() }),
  "document.settle": Revision.extend({
    ...Generation.shape,
    characters: z.int(),
    chunks: z.int(),
    contentType: z.string(),
    vectors: z.enum(["embedded", "vectorize"]),
    asks: z.int(),
  }),
  "document.remove": z.object({ knowledgeBaseId: z.string(), revisions: z.array(Revision) }),
  "knowledge-base.remove": z.object({ knowledgeBaseId: z.string(), latestGeneration: z.int().optional() }),
  "knowledge-base.reembed": Generation,
  "knowledge-base.clear-generation": Generation,
  "knowledge-base.evaluate": z.object({ knowledgeBaseId: z.string(), jobId: z.string() }),
  "tenant.export": z.object({ jobId: z.string() }),
  "tenant.erase": z.object({ tenantId: z.string() }),
  "tenant.rest": z.object({ tenantId: z.string() }),
  // What an earlier area tells of itself; the id is the event's, so that it is published once.
  "event.publish": z.object({ eventId: z.string(), type: z.string(), data: z.json() }),
  "trigger.fire": z.object({ triggerId: z.string(), eventId: z.string() }),
  // The one content of a person that travels: sealed, since a mail may hold a link that signs in.
  "mail.send": z.object({ mailId: z.string(), sealed: z.string() }),
} as const;

/** A task with its payload: stored in the same commit as the change that asks for it. */
export const Task = z.discriminatedUnion("type", [
  z.object({ type: z.literal("document.ingest"), payload: tasks["document.ingest"] }),
  z.object({ type: z.literal("document.settle"), payload: tasks["document.settle"] }),
  z.object({ type: z.literal("document.remove"), payload: tasks["document.remove"] }),
  z.object({ type: z.literal("knowledge-base.remove"), payload: tasks["knowledge-base.remove"] }),
  z.object({ type: z.literal("knowledge-base.reembed"), payload: tasks["knowledge-base.reembed"] }),
  z.object({
    type: z.literal("knowledge-base.clear-generation"),
    payload: tasks["knowledge-base.clear-generation"],
  }),
  z.object({ type: z.literal("knowledge-base.evaluate"), payload: tasks["knowledge-base.evaluate"] }),
  z.object({ type: z.literal("tenant.export"), payload: tasks["tenant.export"] }),
  z.object({ type: z.literal("tenant.erase"), payload: tasks["tenant.erase"] }),
  z.object({ type: z.literal("tenant.rest"), payload: tasks["tenant.rest"] }),
  z.object({ type: z.literal("event.publish"), payload: tasks["event.publish"] }),
  z.object({ type: z.literal("trigger.fire"), payload: tasks["trigger.fire"] }),
  z.object({ type: z.literal("mail.send"), payload: tasks["mail.send"] }),
]);
export type Task = z.infer<typeof Task>;
export type TaskType = Task["type"];

/** Names what a task can be done together with, in shared calls; `undefined`: each of its type is done alone. */
export function companyOf(task: Task): string | undefined {
  return task.type === "document.ingest" ? `${task.type}/${task.payload.knowledgeBaseId}` : undefined;
}

/**
 * What travels through the queue. A `stored-task` is only the doorbell of a row that a commit wrote, and `stored-tasks` that of
 * several that are done together; `files` are small stored files by their keys, which need not be read then. `run-advanced` tells
 * that a run's journal has moved, and the object repeats it until the projection has answered; `told` is what the read models are to
 * know, where that is small enough to travel. `audit-due` tells that a tenant's audit log has entries to seal or to drop, which the
 * clock repeats while it holds.
 */
export const QueueMessage = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("stored-task"), id: z.string(), tenantId: z.string() }),
  z.object({
    kind: z.literal("stored-tasks"),
    ids: z.array(z.string()),
    tenantId: z.string(),
    files: z.record(z.string(), z.string()).optional(),
  }),
  z.object({
    kind: z.literal("run-advanced"),
    runId: z.string(),
    tenantId: z.string(),
    seq: z.number().int(),
    told: z.unknown().optional(),
  }),
  z.object({ kind: z.literal("audit-due"), tenantId: z.string() }),
]);
export type QueueMessage = z.infer<typeof QueueMessage>;

export const TaskStatus = z.enum(["queued", "running", "succeeded", "failed", "cancelled"]);
export type TaskStatus = z.infer<typeof TaskStatus>;
