import { isJsonObject } from "../kernel/json.ts";
import { eventsOf, parsedEvent } from "./event-stream.ts";

// What stands before the first word of a stream: comments, the event that names the role, events without choices. Whoever has
// sent no more than that has promised nothing, and another target may still answer in its place.

export interface StreamOpening {
  /** All bytes until now once something is said, the held ones first; `null` while nothing is. Takes whole events, such as a filter passes. */
  push(events: Uint8Array): Uint8Array | null;
  /** What is held when the stream ends without a word. */
  rest(): Uint8Array;
}

/** More than any opening needs; an endless one is passed on, so that it cannot fill the memory. */
const MAX_HELD_BYTES = 65_536;
const DECODER = new TextDecoder();

export function streamOpening(): StreamOpening {
  let held: Uint8Array = new Uint8Array(0);
  return {
    push(events) {
      const data = eventsOf(DECODER.decode(events));
      // A comment alone is for whoever keeps the connection open, which is not the client's.
      if (data.length === 0) return null;
      held = held.byteLength === 0 ? events : Buffer.concat([held, events]);
      return data.some(isWord) || held.byteLength > MAX_HELD_BYTES ? held : null;
    },
    rest: () => held,
  };
}

function isWord(data: string): boolean {
  const event = parsedEvent(data);
  return isJsonObject(event) && Array.isArray(event.choices) && event.choices.some(says);
}

function says(choice: unknown): boolean {
  if (!isJsonObject(choice)) return false;
  if (typeof choice.finish_reason === "string") return true;
  if (!isJsonObject(choice.delta)) return false;
  const { role: _, ...words } = choice.delta;
  return Object.values(words).some(
    (value) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
}
