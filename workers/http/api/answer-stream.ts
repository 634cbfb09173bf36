import { asProblem, problem } from "../../../domain/kernel/problem.ts";
import { SECOND_MS } from "../../../domain/kernel/time.ts";
import type { PlatformContext } from "../../../services/context.ts";
import type { AnswerEvent } from "../../../services/knowledge/stream-answer.ts";
import { problemResponse } from "../middleware/problem.ts";

// Proxies commonly cut a connection that is silent for 30 to 100 seconds.
const HEARTBEAT_MS = 15 * SECOND_MS;

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/**
 * The events as the client reads them. One that leaves ends the work behind them; what fails on the way ends the stream with
 * an `error` event that holds the problem.
 */
export function answerStream(events: AsyncIterable<AnswerEvent>, platform: PlatformContext): Response {
  const iterator = events[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let id = 0;
  const eventText = (type: string, data: unknown) =>
    encoder.encode(`id: ${++id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      heartbeat = setInterval(() => controller.enqueue(encoder.encode(": keep-alive\n\n")), HEARTBEAT_MS);
    },
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (!next.done) return controller.enqueue(eventText(next.value.type, next.value.data));
      } catch (error) {
        controller.enqueue(eventText("error", await problemOf(error, platform)));
      }
      clearInterval(heartbeat);
      controller.close();
    },
    async cancel() {
      clearInterval(heartbeat);
      await iterator.return?.();
    },
  });
  return new Response(body, { headers: HEADERS });
}

async function problemOf(error: unknown, { ports, log, requestId }: PlatformContext): Promise<unknown> {
  const known = asProblem(error);
  if (known === null) {
    log.error("defect", error, { requestId });
    ports.errorTracker.capture(error, { requestId });
  }
  return problemResponse(known ?? problem("internal-error"), requestId).json();
}
