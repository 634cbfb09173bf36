import { describe, expect, it } from "vitest";
import { eventStreamParser, eventText } from "../../../domain/llm/event-stream.ts";

const STREAM = 'data: {"a":1}\r\n\r\n: keep-alive\n\nevent: x\ndata:two\ndata: lines\n\ndata: [DONE]\n\n';
const EVENTS = ['{"a":1}', "two\nlines", "[DONE]"];

describe("reading an event stream", () => {
  it("reads data of events, and neither comments nor other fields", () => {
    expect(eventStreamParser().push(STREAM)).toEqual(EVENTS);
  });

  it("reads the same in whatever pieces it arrives", () => {
    for (let size = 1; size < STREAM.length; size++) {
      const parser = eventStreamParser();
      const events: string[] = [];
      for (let at = 0; at < STREAM.length; at += size) events.push(...parser.push(STREAM.slice(at, at + size)));
      expect(events).toEqual(EVENTS);
    }
  });

  it("keeps an event back until its blank line", () => {
    const parser = eventStreamParser();
    expect(parser.push("data: 1\n")).toEqual([]);
    expect(parser.push("\n")).toEqual(["1"]);
  });
});

it("an event is written in one line, whatever it was read from", () => {
  const [event = ""] = eventStreamParser().push('data: {"a":\ndata: 1}\n\n');
  expect(eventText(event)).toBe('data: {"a": 1}\n\n');
});
