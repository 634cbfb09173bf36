import type { RunEventView } from "../../domain/workflows/run-view.ts";
import { within } from "../../services/within.ts";

export interface EventSource {
  /** Events after `seq`, at most one page; empty when there are none yet. */
  read(after: number): RunEventView[];
  hasEnded(): boolean;
  /** Resolves at the next change of the run. */
  changed(): Promise<void>;
}

const KEEP_ALIVE_MS = 15_000;
export const STREAM_PAGE = 200;

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/**
 * Events as server-sent events from `after` on until the run has ended. Each reader pulls from the journal at its own pace, so a
 * slow one holds nothing back and buffers nothing.
 */
export function eventStream(source: EventSource, after: number): Response {
  let cursor = after;
  let isCancelled = false;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (!isCancelled) {
        const events = source.read(cursor);
        if (events.length > 0) {
          cursor = events.at(-1)?.seq ?? cursor;
          controller.enqueue(encoder.encode(events.map(frame).join("")));
          return;
        }
        if (source.hasEnded()) {
          controller.close();
          return;
        }
        if (!(await changesWithin(source, KEEP_ALIVE_MS))) {
          controller.enqueue(encoder.encode(": keep-alive\n\n"));
          return;
        }
      }
    },
    cancel() {
      isCancelled = true;
    },
  });
  return new Response(body, { headers: HEADERS });
}

function frame(event: RunEventView): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function changesWithin(source: EventSource, ms: number): Promise<boolean> {
  const change = source.changed().then(() => true);
  return within(change, ms, () => false);
}
