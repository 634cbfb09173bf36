import { QueueMessage } from "../../domain/jobs/message.ts";
import { backoff } from "../../domain/kernel/retry.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { tendAuditLog } from "../../services/audit/sweep-audit-logs.ts";
import { ring } from "../../services/commit.ts";
import type { PlatformContext, ServiceContext } from "../../services/context.ts";
import { keepDeadLetter, keepUnreadable, runStoredTask, runStoredTasks } from "../../services/jobs/stored-tasks.ts";
import { type AdvancedRun, projectRuns } from "../../services/workflows/project-runs.ts";
import { handleTask, handleTogether } from "./handlers.ts";

const RETRY = { firstMs: SECOND_MS, factor: 3, maxMs: 600 * SECOND_MS };
// Tasks of one batch that run at once: an isolate has six outgoing connections.
const CONCURRENCY = 6;
/**
 * What a run told of itself counts for this long, which is shorter than until it repeats its news: of two messages the later is
 * believed. By one that is older, or was delivered before, the run is asked.
 */
const FRESH_MS = 10 * SECOND_MS;

/** Takes a batch: every message is acknowledged or retried by itself, so that one failure repeats no other. */
export async function consume(platform: PlatformContext, batch: MessageBatch): Promise<void> {
  const isDead = batch.queue.includes("dead-letters");
  const advanced: { message: Message; run: AdvancedRun }[] = [];
  const pending: (() => Promise<void>)[] = [];
  const together: (() => Promise<void>)[] = [];
  for (const message of batch.messages) {
    const envelope = QueueMessage.safeParse(message.body);
    if (!envelope.success) {
      pending.push(() =>
        settle(platform, message, () =>
          keepUnreadable(platform, message.id, JSON.stringify(message.body), "unreadable envelope"),
        ),
      );
    } else if (envelope.data.kind === "run-advanced") {
      const { runId, tenantId, told } = envelope.data;
      advanced.push({
        message,
        run: { runId, tenantId, told: !isDead && isFresh(platform, message) ? told : undefined },
      });
    } else if (envelope.data.kind === "audit-due") {
      const { tenantId } = envelope.data;
      pending.push(() => settle(platform, message, () => tendAuditLog(systemContext(platform, tenantId))));
    } else if (envelope.data.kind === "stored-tasks") {
      const { ids, tenantId } = envelope.data;
      together.push(() =>
        settle(platform, message, () =>
          isDead || message.attempts > 1
            ? takeApart(platform, ids, tenantId)
            : runStoredTasks(platform, { ids, tenantId }, (tasks) =>
                handleTogether(systemContext(platform, tenantId), tasks),
              ),
        ),
      );
    } else {
      const { id, tenantId } = envelope.data;
      pending.push(() =>
        settle(platform, message, async () => {
          if (isDead) return keepDeadLetter(platform, { id, tenantId }, "the consumer failed repeatedly");
          await runStoredTask(platform, { id, tenantId }, (task) =>
            handleTask(systemContext(platform, tenantId), task),
          );
        }),
      );
    }
  }
  if (advanced.length > 0) pending.unshift(() => projectBatch(platform, advanced));
  // What is done together is concurrent in itself.
  await Promise.all([inParallel(pending, CONCURRENCY), inParallel(together, 1)]);
}

/** One of them may be what ended the consumer before: the others shall not fail with it. */
async function takeApart(platform: PlatformContext, ids: readonly string[], tenantId: string): Promise<void> {
  await ring(
    platform,
    ids.map((id) => ({ id, tenantId })),
  );
}

/** Runs that moved are projected together: one write for the batch. */
async function projectBatch(
  platform: PlatformContext,
  advanced: { message: Message; run: AdvancedRun }[],
): Promise<void> {
  try {
    await projectRuns(
      platform,
      advanced.map(({ run }) => run),
    );
    for (const { message } of advanced) message.ack();
  } catch (error) {
    platform.log.error("projection.failed", error, { runs: advanced.length });
    for (const { message } of advanced) retry(platform, message);
  }
}

function isFresh(platform: PlatformContext, { attempts, timestamp }: Message): boolean {
  return attempts === 1 && platform.clock.now() - timestamp.getTime() < FRESH_MS;
}

async function settle(platform: PlatformContext, message: Message, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    message.ack();
  } catch (error) {
    platform.log.error("message.failed", error, { messageId: message.id, attempts: message.attempts });
    retry(platform, message);
  }
}

function retry(platform: PlatformContext, message: Message): void {
  message.retry({ delaySeconds: Math.ceil(backoff(RETRY, message.attempts, platform.random.next()) / SECOND_MS) });
}

function systemContext(platform: PlatformContext, tenantId: string): ServiceContext {
  return { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "queue" } };
}

async function inParallel(work: (() => Promise<void>)[], width: number): Promise<void> {
  const queue = work.values();
  const lane = async () => {
    for (const next of queue) await next();
  };
  await Promise.all(Array.from({ length: Math.min(width, work.length) }, lane));
}
