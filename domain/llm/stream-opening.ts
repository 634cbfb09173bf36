import { isJsonObject } from "../kernel/json.ts";
import { DONE, eventStreamParser, parsedEvent } from "./event-stream.ts";

// What stands before the first word of a stream: comments, the event that names the role, events without choices. Whoever has
// sent no more than that has promised nothing, and another target may still answer in its place.

export interface StreamOpening {
  /** All bytes until now once something is said, the held ones first; `null` while nothing is. Takes whole events. */
  push(events: Uint8Array): Uint8Array | null;
  /** What is held when the stream ends without a word. */
  rest(): Uint8Array;
  /** An event that is no JSON came in place of the first word. */
  isBroken(): boolean;
}

/** More than any opening needs; an endless one is passed on, so that it cannot fill the memory. */
const MAX_HELD_BYTES = 65_536;

export function streamOpening(): StreamOpening {
  let held: Uint8Array = new Uint8Array(0);
  let isBroken = false;
  return {
    push(events) {
      const data = eventStreamParser().push(new TextDecoder().decode(events));
      // A comment alone is for whoever keeps the connection open, which is not the client's.
      if (data.length === 0) return null;
      held = Buffer.concat([held, events]);
      const said = data.map(wordsOf);
      isBroken = said[0] === "broken";
      return said.some((words) => words !== "none") || held.byteLength > MAX_HELD_BYTES ? held : null;
    },
    rest: () => held,
    isBroken: () => isBroken,
  };
}

function wordsOf(data: string): "some" | "none" | "broken" {
  if (data === DONE) return "some";
  const event = parsedEvent(data);
  if (!isJsonObject(event)) return "broken";
  const choices: unknown[] = Array.isArray(event.choices) ? event.choices : [];
  return choices.some(says) ? "some" : "none";
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
