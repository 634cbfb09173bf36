import fc from "fast-check";
import { expect, it } from "vitest";
import { type Relay, relayStream } from "../../../services/llm/relay-stream.ts";
import { chunk, USAGE, usageChunk } from "./mock-upstream.ts";

const END_MARK = "data: [DONE]\n\n";

const words = fc.constantFrom("", "a", "word ", "né😀", 'q"', "\\", "\n", "data: [DONE]\n\n", '"finish_reason":"stop"');
const said = fc.oneof(
  { weight: 9, arbitrary: words.map((content) => chunk({ content })) },
  words.map((content) => chunk({ reasoning_content: content })),
  words.map((text) => chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] })),
);
const event = fc.oneof(
  { weight: 9, arbitrary: said },
  said.map((text) => text.replaceAll("\n", "\r\n")),
  said.map((text) => text.replaceAll("\n", "\r")),
  said.map((text) => `event: message\nid: 7\n${text}`),
  said.map((text) => text.replace(',"choices"', '\ndata: ,"choices"')),
  fc.constantFrom(": a comment\n\n", "\n\n", "retry: 3000\n\n"),
);
const middles = fc.array(event, { maxLength: 30 });
/** What an answer is made of: a word that begins it, anything, a reason to finish. */
const answers = middles.map((middle) => [chunk({ content: "Hi" }), ...middle, chunk({}, { finish_reason: "stop" })]);
/** Where a stream is cut into the pieces that it comes in. */
const cuts = fc.oneof(fc.array(fc.nat(), { maxLength: 20 }), fc.constant("each byte" as const));

function inPieces(text: string, where: number[] | "each byte"): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(text);
  const ends = where === "each byte" ? [...bytes.keys()] : where.map((at) => at % (bytes.length + 1));
  const edges = [0, ...ends.toSorted((a, b) => a - b), bytes.length];
  return new ReadableStream({
    start(controller) {
      for (const [i, edge] of edges.entries()) {
        if (edge < (edges[i + 1] ?? edge)) controller.enqueue(bytes.subarray(edge, edges[i + 1]));
      }
      controller.close();
    },
  });
}

function relayed(upstream: ReadableStream<Uint8Array>, wantsUsage: boolean): Promise<Relay> {
  return relayStream(upstream, {
    provider: "p",
    wantsUsage,
    silenceMs: 1_000,
    clock: { now: () => 0 },
    askedAt: 0,
  });
}

it("a stream in which nothing has to change passes byte for byte, however it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(answers, fc.boolean(), fc.boolean(), cuts, async (answer, tellsUsage, hasMark, where) => {
      const text = [...answer, ...(tellsUsage ? [usageChunk] : [])].join("");
      const relay = await relayed(inPieces(hasMark ? text + END_MARK : text, where), true);
      expect(await new Response(relay.body).text()).toBe(text + END_MARK);
      expect(await relay.outcome).toMatchObject({
        status: "succeeded",
        usage: tellsUsage ? USAGE : null,
        finishReason: "stop",
      });
    }),
    { numRuns: 500 },
  );
});

it("usage that nobody asked for is all that is missing from a stream of plain events, however it is cut", async () => {
  const plain = fc.array(said, { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(plain, cuts, async (middle, where) => {
      const text = [chunk({ content: "Hi" }), ...middle, chunk({}, { finish_reason: "stop" })].join("");
      const relay = await relayed(inPieces(`${text}${usageChunk}${END_MARK}`, where), false);
      expect(await new Response(relay.body).text()).toBe(text + END_MARK);
      expect((await relay.outcome).usage).toEqual(USAGE);
    }),
    { numRuns: 200 },
  );
});

it("a stream that breaks passes the whole events before it broke, and no end mark, however it is cut", async () => {
  const faults = fc.constantFrom(
    "data: {no json}\n\n",
    'data: {"error":{"message":"no"}}\n\n',
    "data: [DONE oops\n\n",
    `data: {}\n${END_MARK}`,
    'data: {"choices',
    "",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(said, { maxLength: 20 }), faults, cuts, async (middle, fault, where) => {
      const text = [chunk({ content: "Hi" }), ...middle].join("");
      const relay = await relayed(inPieces(text + fault, where), true);
      const passed = await new Response(relay.body).text();
      expect(passed.startsWith(text)).toBe(true);
      expect(JSON.parse(passed.slice(`${text}data: `.length))).toMatchObject({ error: { type: "server_error" } });
      expect((await relay.outcome).status).toBe("interrupted");
    }),
    { numRuns: 300 },
  );
});
