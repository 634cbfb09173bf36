import type { QueueMessage } from "../../domain/jobs/message.ts";

/** The queue. At least once, in no order, and on a laptop lost with the process: so rows of `tasks` and the journals of runs hold the truth. */
export interface MessageQueue {
  send(messages: QueueMessage[], delaySeconds?: number): Promise<void>;
}
