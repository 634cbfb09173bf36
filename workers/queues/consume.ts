// Takes what the queue delivers.
//   Q1  every message is acknowledged or retried by itself, so that one failure repeats no other.
//   Q2  runs that moved are projected together, in one write for the batch, and retried together.
//   Q3  what was delivered before, or is dead, is done by what is stored alone: what travelled beside it is not believed.
import { QueueMessage } from "../../domain/jobs/message.ts";
import { backoff } from "../../domain/kernel/retry.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { tendAuditLog } from "../../services/audit/sweep-audit-logs.ts";
import { ring } from "../../services/commit.ts";
import type { PlatformContext, ServiceContext } from "../../services/context.ts";
import { keepDeadLetter, keepUnreadable, runStoredTask, runStoredTasks } from "../../services/jobs/stored-tasks.ts";
import { projectRuns } from "../../services/workflows/project-runs.ts";
import { handleTask, handleTogether } from "./handlers.ts";

const RETRY = { firstMs: SECOND_MS, factor: 3, maxMs: 600 * SECOND_MS };
// Tasks of one batch that run at once: an isolate has six outgoing connections.
const CONCURRENCY = 6;
/**
 * What a run told of itself counts for this long, which is shorter than until it repeats its news: of two messages the later is
 * believed. By one that is older, or was delivered before, the run is asked.
 */
const FRESH_MS = 10 * SECOND_MS;

type Body<Kind extends QueueMessage["kind"]> = Extract<QueueMessage, { kind: Kind }>;

/** A message and what it says; `null` where that cannot be read. */
interface Delivery<Said = QueueMessage | null> {
  message: Message;
  body: Said;
  /** Its consumer kept failing, so it came by the queue of dead letters. */
  isDead: boolean;
}

export async function consume(platform: PlatformContext, batch: MessageBatch): Promise<void> {
  const isDead = batch.queue.includes("dead-letters");
  const advanced: Delivery<Body<"run-advanced">>[] = [];
  const together: Delivery<Body<"stored-tasks">>[] = [];
  const alone: Delivery<Body<"stored-task" | "audit-due"> | null>[] = [];
  for (const message of batch.messages) {
    const body = QueueMessage.safeParse(message.body).data ?? null;
    if (body?.kind === "run-advanced") advanced.push({ message, body, isDead });
    else if (body?.kind === "stored-tasks") together.push({ message, body, isDead });
    else alone.push({ message, body, isDead });
  }
  const projection = advanced.length === 0 ? [] : [() => projectTogether(platform, advanced)];
  const single = alone.map((delivery) => () => settle(platform, delivery.message, () => doAlone(platform, delivery)));
  const shared = together.map(
    (delivery) => () => settle(platform, delivery.message, () => doTogether(platform, delivery)),
  );
  // What is done together is concurrent in itself.
  await Promise.all([inParallel([...projection, ...single], CONCURRENCY), inParallel(shared, 1)]);
}

async function projectTogether(
  platform: PlatformContext,
  advanced: readonly Delivery<Body<"run-advanced">>[],
): Promise<void> {
  const runs = advanced.map((delivery) => {
    const { runId, tenantId, told } = delivery.body;
    return { runId, tenantId, told: isFresh(platform, delivery) ? told : undefined };
  });
  try {
    await projectRuns(platform, runs);
    for (const { message } of advanced) message.ack();
  } catch (error) {
    platform.log.error("projection.failed", error, { runs: advanced.length });
    for (const { message } of advanced) retry(platform, message);
  }
}

function isFresh(platform: PlatformContext, { message: { attempts, timestamp }, isDead }: Delivery): boolean {
  return !isDead && attempts === 1 && platform.clock.now() - timestamp.getTime() < FRESH_MS;
}

async function doAlone(
  platform: PlatformContext,
  { message, body, isDead }: Delivery<Body<"stored-task" | "audit-due"> | null>,
): Promise<void> {
  if (body === null) {
    return keepUnreadable(platform, message.id, JSON.stringify(message.body), "unreadable envelope");
  }
  const ctx = systemContext(platform, body.tenantId);
  if (body.kind === "audit-due") return tendAuditLog(ctx);
  if (isDead) return keepDeadLetter(platform, body, "the consumer failed repeatedly");
  await runStoredTask(platform, body, (task) => handleTask(ctx, task));
}

/** One of them may be what ended the consumer before: then they are taken apart, and the others do not fail with it. */
async function doTogether(
  platform: PlatformContext,
  { message, body, isDead }: Delivery<Body<"stored-tasks">>,
): Promise<void> {
  const { ids, tenantId, files } = body;
  if (isDead || message.attempts > 1) {
    return ring(
      platform,
      ids.map((id) => ({ id, tenantId })),
    );
  }
  const ctx = withEnclosed(systemContext(platform, tenantId), files ?? {});
  await runStoredTasks(platform, body, (tasks) => handleTogether(ctx, tasks));
}

function systemContext(platform: PlatformContext, tenantId: string): ServiceContext {
  return { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "queue" } };
}

/** Stored files that came with the message are not read again: they never change under their keys. */
function withEnclosed(ctx: ServiceContext, enclosed: Readonly<Record<string, string>>): ServiceContext {
  const { files } = ctx.ports;
  const text = async (key: string) => enclosed[key] ?? files.text(key);
  return { ...ctx, ports: { ...ctx.ports, files: { ...files, text } } };
}

async function settle(platform: PlatformContext, message: Message, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    message.ack();
  } catch (error) {
    platform.log.error("message.failed", error, { messageId: message.id, attempts: message.attempts });
    retry(platform, message);
  }
}

function retry(platform: PlatformContext, message: Message): void {
  message.retry({ delaySeconds: Math.ceil(backoff(RETRY, message.attempts, platform.random.next()) / SECOND_MS) });
}

async function inParallel(work: (() => Promise<void>)[], width: number): Promise<void> {
  const queue = work.values();
  const lane = async () => {
    for (const next of queue) await next();
  };
  await Promise.all(Array.from({ length: Math.min(width, work.length) }, lane));
}
