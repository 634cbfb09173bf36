import { describe, expect, it } from "vitest";
import { type Api, Refused, Unreachable } from "../../../scripts/demo/api.ts";
import { runEvents, serverSentEvents } from "../../../scripts/demo/run-events.ts";
import { rehearsedOutage } from "./rehearsed-outage.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function* cut(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < whole.length; i += size) yield whole.subarray(i, i + size);
}

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe("a stream of server-sent events", () => {
  const stream = bytes(
    ': hello\n\nid: 1\nevent: A\ndata: {"state":"Prüfen ✓"}\n\n: keep-alive\n\nid: 2\r\ndata: first\r\ndata: second\r\n\r\ndata: cut off',
  );

  it.each([1, 2, 3, 7, 64, 4_096])("reads the same events when it arrives %i bytes at a time", async (size) => {
    expect(await collected(serverSentEvents(cut(stream, size)))).toEqual(['{"state":"Prüfen ✓"}', "first\nsecond"]);
  });
});

interface Connection {
  seqs: number[];
  /** How it ends: closed by the server, or broken. */
  breaks?: boolean;
}

/** A server that answers each opening of the stream in turn; null is a server that is away. */
function server(connections: (Connection | Error | null)[]): { api: Api; asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  const unused = () => Promise.reject(new Error("not part of the stream"));
  const api: Api = {
    url: "http://weft.test",
    get: unused,
    send: unused,
    as: () => api,
    open: async (_path, headers) => {
      asked.push(headers["last-event-id"]);
      const next = connections.shift() ?? null;
      if (next === null) throw new Unreachable("away");
      if (next instanceof Error) throw next;
      return new Response(streamOf(next));
    },
  };
  return { api, asked };
}

function streamOf({ seqs, breaks }: Connection): ReadableStream<Uint8Array> {
  const frames = seqs.map((seq) => {
    const type = seq === 5 ? "ExecutionSucceeded" : "PassStateEntered";
    return `id: ${seq}\ndata: ${JSON.stringify({ seq, at: "2026-01-05T09:00:00.000Z", type })}\n\n`;
  });
  return new ReadableStream({
    pull(controller) {
      const frame = frames.shift();
      if (frame !== undefined) controller.enqueue(bytes(frame));
      else if (breaks === true) controller.error(new TypeError("terminated"));
      else controller.close();
    },
  });
}

describe("the live history of a run", () => {
  it("arrives once and in order though the connection breaks, the server goes away and repeats itself", async () => {
    const { api, asked } = server([{ seqs: [1, 2], breaks: true }, null, null, { seqs: [2, 3] }, { seqs: [4, 5, 6] }]);
    const { outage, told } = rehearsedOutage();
    const events = await collected(runEvents(api, "run_1", outage));
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(asked).toEqual(["0", "2", "2", "2", "3"]);
    expect(told).toEqual(["lost", "back after 1000"]);
  });

  it("ends with the server's absence when that lasts", async () => {
    const { api } = server([{ seqs: [1], breaks: true }]);
    await expect(collected(runEvents(api, "run_1", rehearsedOutage().outage))).rejects.toThrow(Unreachable);
  });

  it("does not wait for a server that refuses", async () => {
    const { api, asked } = server([new Refused(404, "not-found", "No such run.")]);
    await expect(collected(runEvents(api, "run_1", rehearsedOutage().outage))).rejects.toThrow("No such run.");
    expect(asked).toHaveLength(1);
  });
});
