import type { QueueMessage } from "../../domain/jobs/message.ts";
import type { MessageQueue } from "../../services/jobs/ports.ts";

// Cloudflare Queues take at most 100 messages and 256 KB a batch; those that are sent together are ids of some 100 bytes.
const BATCH = 100;

export function cloudflareQueue(queue: Queue): MessageQueue {
  return {
    async send(messages: QueueMessage[], delaySeconds) {
      const delay = delaySeconds === undefined ? {} : { delaySeconds };
      const [only, ...others] = messages;
      if (only !== undefined && others.length === 0) {
        await queue.send(only, { contentType: "json", ...delay });
        return;
      }
      for (let at = 0; at < messages.length; at += BATCH) {
        await queue.sendBatch(
          messages.slice(at, at + BATCH).map((body) => ({ body, contentType: "json" })),
          delay,
        );
      }
    },
  };
}
