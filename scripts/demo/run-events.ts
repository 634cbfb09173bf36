import { setTimeout as sleep } from "node:timers/promises";
import type { RunEventView } from "../../domain/workflows/run-view.ts";
import { type Api, Unreachable } from "./api.ts";
import type { Outage } from "./outage.ts";

// The live history of a run, as if the connection never broke.
//   L1  Every event arrives once and in order, whatever happens to the server in between.
//   L2  It ends with the run, or throws when the server stays away.

/** The server sends at least a comment every 15 s; what is silent for longer than two of them is gone. */
const MAX_SILENCE_MS = 35_000;
/** Between a stream that ended and the next: a server that is being replaced closes its streams. */
const REOPEN_MS = 250;

const LAST = ["ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"];

export async function* runEvents(api: Api, runId: string, outage: Outage): AsyncGenerator<RunEventView> {
  let last = 0;
  for (;;) {
    const silence = watchSilence();
    try {
      const headers = { accept: "text/event-stream", "last-event-id": String(last) };
      const response = await api.open(`/v1/runs/${runId}/events`, headers, silence.signal);
      outage.over();
      for await (const data of serverSentEvents(heard(response, silence.heard))) {
        const event: RunEventView = JSON.parse(data);
        if (event.seq <= last) continue;
        last = event.seq;
        yield event;
        if (LAST.includes(event.type)) return;
      }
      await sleep(REOPEN_MS);
    } catch (error) {
      // A connection that fell silent is opened again without a word: often it was only this side that did not read.
      if (!silence.signal.aborted) await outage.wait(error);
    } finally {
      silence.stop();
    }
  }
}

/** The `data` of each event in a `text/event-stream`, however its bytes are cut (WHATWG HTML section 9.2.6). */
export async function* serverSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const ended of lines) {
      const line = ended.endsWith("\r") ? ended.slice(0, -1) : ended;
      if (line.startsWith("data:")) {
        data.push(line.slice("data:".length).replace(/^ /, ""));
      } else if (line === "" && data.length > 0) {
        yield data.join("\n");
        data = [];
      }
    }
  }
}

/** The bytes of an answer; a connection that breaks is the server's absence, not a defect. */
async function* heard(response: Response, note: () => void): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new Unreachable("The stream broke.", { cause: error });
      });
      if (done) return;
      note();
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function watchSilence(): { signal: AbortSignal; heard(): void; stop(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), MAX_SILENCE_MS);
  return { signal: controller.signal, heard: () => timer.refresh(), stop: () => clearTimeout(timer) };
}
