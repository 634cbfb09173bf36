import type { QueueMessage } from "../../domain/jobs/message.ts";
import { batchesWithin } from "../../domain/kernel/batches.ts";
import type { MessageQueue } from "../../services/jobs/ports.ts";

// Cloudflare Queues take at most 100 messages and 256 KB a batch. A character has three bytes at most.
const BATCH = { items: 100, size: 80_000 };

export function cloudflareQueue(queue: Queue): MessageQueue {
  return {
    async send(messages: QueueMessage[], delaySeconds) {
      const delay = delaySeconds === undefined ? {} : { delaySeconds };
      const [only, ...others] = messages;
      if (only !== undefined && others.length === 0) {
        await queue.send(only, { contentType: "json", ...delay });
        return;
      }
      for (const batch of batchesWithin(messages, BATCH, (message) => JSON.stringify(message).length)) {
        await queue.sendBatch(
          batch.map((body) => ({ body, contentType: "json" })),
          delay,
        );
      }
    },
  };
}
