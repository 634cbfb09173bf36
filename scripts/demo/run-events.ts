import { setTimeout as sleep } from "node:timers/promises";
import type { RunEventView } from "../../domain/workflows/run-view.ts";
import { type Api, Unreachable } from "./api.ts";
import { type Outage, patiently } from "./outage.ts";

// The live history of a run, as if the connection never broke.
//   L1  Every event arrives once and in order, whatever happens to the server in between.
//   L2  It ends with the run, or throws when the server stays away.

/** The server sends at least a comment every 15 s; what is silent for longer than two of them is gone. */
const MAX_SILENCE_MS = 35_000;
/** Between a stream that ended before the run and the next. */
const REOPEN_MS = 250;

const LAST = ["ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"];

export async function* runEvents(api: Api, runId: string, outage: Outage): AsyncGenerator<RunEventView> {
  for (let last = 0; ; await sleep(REOPEN_MS)) {
    const stream = await patiently(outage, () => openStream(api, runId, last));
    try {
      for await (const data of serverSentEvents(stream.chunks)) {
        const event: RunEventView = JSON.parse(data);
        if (event.seq <= last) continue;
        last = event.seq;
        yield event;
        if (LAST.includes(event.type)) return;
      }
    } catch (error) {
      // A stream that broke or fell silent is opened again: whether the server is gone shows there.
      if (!(error instanceof Unreachable)) throw error;
    } finally {
      stream.close();
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

interface Stream {
  chunks: AsyncIterable<Uint8Array>;
  close(): void;
}

async function openStream(api: Api, runId: string, after: number): Promise<Stream> {
  const connection = new AbortController();
  const silence = setTimeout(() => connection.abort(), MAX_SILENCE_MS);
  const headers = { accept: "text/event-stream", "last-event-id": String(after) };
  try {
    const response = await api.open(`/v1/runs/${runId}/events`, headers, connection.signal);
    const close = () => {
      clearTimeout(silence);
      connection.abort();
    };
    return { chunks: chunksOf(response, () => silence.refresh()), close };
  } catch (error) {
    clearTimeout(silence);
    throw error;
  }
}

async function* chunksOf(response: Response, heard: () => void): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new Unreachable("The stream broke.", { cause: error });
    });
    if (done) return;
    heard();
    yield value;
  }
}
