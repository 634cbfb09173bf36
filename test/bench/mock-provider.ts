// A provider in a process of its own: answers at once, and streams with one write an event, as fast as they are taken.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const EVENTS = 50;

const chunk = (choices: object[], usage: object | null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices, usage })}\n\n`;
const delta = (content: string) => chunk([{ index: 0, delta: { content }, logprobs: null, finish_reason: null }], null);
const usage = { prompt_tokens: 20, completion_tokens: 50, total_tokens: 70 };
const STREAM = [
  ...Array.from({ length: EVENTS }, (_, index) => delta(`word${index} `)),
  chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }], null),
  chunk([], usage),
  "data: [DONE]\n\n",
];
const message = { role: "assistant", content: "A short answer of a few words.", refusal: null };
const COMPLETION = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message, logprobs: null, finish_reason: "stop" }],
  usage,
});

const server = createServer(async (request, response) => {
  let text = "";
  for await (const part of request) text += part;
  if (!text.includes('"stream":true')) {
    response.writeHead(200, { "content-type": "application/json" }).end(COMPLETION);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of STREAM) {
    if (!response.write(event)) await once(response, "drain");
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
// Its bench ended, however it ended.
process.on("disconnect", () => process.exit());
