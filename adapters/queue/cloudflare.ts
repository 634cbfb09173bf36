import type { QueueMessage } from "../../domain/jobs/message.ts";
import type { MessageQueue } from "../../services/jobs/ports.ts";

// Cloudflare Queues take at most 100 messages and 256 KB a batch. A character has three bytes at most.
const BATCH = 100;
const MAX_BATCH_CHARACTERS = 80_000;

export function cloudflareQueue(queue: Queue): MessageQueue {
  return {
    async send(messages: QueueMessage[], delaySeconds) {
      const delay = delaySeconds === undefined ? {} : { delaySeconds };
      const [only, ...others] = messages;
      if (only !== undefined && others.length === 0) {
        await queue.send(only, { contentType: "json", ...delay });
        return;
      }
      for (const batch of batches(messages)) {
        await queue.sendBatch(
          batch.map((body) => ({ body, contentType: "json" })),
          delay,
        );
      }
    },
  };
}

function* batches(messages: readonly QueueMessage[]): Generator<QueueMessage[]> {
  let batch: QueueMessage[] = [];
  let characters = 0;
  for (const message of messages) {
    const size = JSON.stringify(message).length;
    if (batch.length === BATCH || (batch.length > 0 && characters + size > MAX_BATCH_CHARACTERS)) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(message);
    characters += size;
  }
  if (batch.length > 0) yield batch;
}
