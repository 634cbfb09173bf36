import type { QueueMessage } from "../../domain/jobs/message.ts";
import type { MessageQueue } from "../../services/jobs/ports.ts";

// Cloudflare Queues take at most 100 messages and 256 KB a batch; ours are ids of some 100 bytes.
const BATCH = 100;

export function cloudflareQueue(queue: Queue): MessageQueue {
  return {
    async send(messages: QueueMessage[], delaySeconds) {
      for (let at = 0; at < messages.length; at += BATCH) {
        await queue.sendBatch(
          messages.slice(at, at + BATCH).map((body) => ({ body, contentType: "json" })),
          delaySeconds === undefined ? {} : { delaySeconds },
        );
      }
    },
  };
}
