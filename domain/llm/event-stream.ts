// Server-sent events as chat completions use them (WHATWG HTML, section 9.2; OpenAI: one `data:` line an event, then `[DONE]`).

export const DONE = "[DONE]";

/** One line, whatever it was read from: a line break in JSON stands between its members (RFC 8259 section 2). */
export function eventText(data: string): string {
  return `data: ${data.replaceAll("\n", " ")}\n\n`;
}

/** The JSON of an event's data; `null` where it is none. */
export function parsedEvent(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

export interface EventStreamParser {
  /** The `data` of every event that the text completes. Comments, and fields other than `data`, are dropped. */
  push(text: string): string[];
}

/** The `data` of every event of a text that ends with one. Most providers write every event in one line, which takes no parser. */
export function eventsOf(text: string): string[] {
  const blocks = text.split("\n\n");
  if (blocks.pop() === "" && !text.includes("\r") && blocks.every(isOneLine))
    return blocks.map((block) => block.slice(6));
  const parser = eventStreamParser();
  // A final CR is whole once a LF follows.
  return [...parser.push(text), ...parser.push("\n")];
}

function isOneLine(block: string): boolean {
  return block.startsWith("data: ") && !block.includes("\n");
}

/** Reads events from text that arrives in any pieces: lines end in LF, CR LF or CR, and may be cut anywhere. */
export function eventStreamParser(): EventStreamParser {
  let rest = "";
  let data: string[] = [];
  return {
    push(text) {
      const events: string[] = [];
      // A final CR waits for what follows it: it may be the first half of CR LF.
      const whole = rest + text;
      const held = whole.endsWith("\r") ? 1 : 0;
      const lines = whole.slice(0, whole.length - held).split(/\r\n|\n|\r/);
      rest = (lines.pop() ?? "") + (held === 1 ? "\r" : "");
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) events.push(data.join("\n"));
          data = [];
        } else if (line.startsWith("data:")) data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      }
      return events;
    },
  };
}
