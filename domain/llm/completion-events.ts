import type { ChatCompletion } from "./chat-completion.ts";
import { DONE, eventText } from "./event-stream.ts";

/** Words to an event: enough of them that a stream shows as one, few enough that each is cheap. */
const WORDS_PER_EVENT = 6;

/**
 * A whole completion told as a stream, end mark included; usage only where the client asked for it. What the completion says beside
 * its choices stands in the first event.
 */
export function completionEvents(completion: ChatCompletion, wantsUsage: boolean): string {
  const { id, object: _, created, model, choices, usage, ...others } = completion;
  const shared = { id, object: "chat.completion.chunk", created, model, ...(wantsUsage && { usage: null }) };
  const chunks: object[] = choices.flatMap((choice) =>
    deltas(choice).map(({ delta, logprobs = null, reason = null }) => ({
      choices: [{ index: choice.index, delta, logprobs, finish_reason: reason }],
    })),
  );
  if (wantsUsage && usage) chunks.push({ choices: [], usage });
  const events = chunks.map((chunk, i) => JSON.stringify({ ...shared, ...(i === 0 && others), ...chunk }));
  return [...events, DONE].map(eventText).join("");
}

interface Part {
  delta: object;
  logprobs?: unknown;
  reason?: string;
}

function deltas({ message, logprobs, finish_reason }: ChatCompletion["choices"][number]): Part[] {
  const { role, content, tool_calls, ...others } = message;
  const said = Object.entries(others).filter(([, value]) => value !== null && value !== undefined);
  const told: object[] = [
    // What only calls tools says nothing, which is not the same as saying "".
    { role, content: typeof content === "string" ? "" : null },
    ...(said.length > 0 ? [Object.fromEntries(said)] : []),
    ...(logprobs ? [] : pieces(content ?? "").map((text) => ({ content: text }))),
    ...(tool_calls ?? []).map((call, index) => ({ tool_calls: [{ index, ...call }] })),
  ];
  return [
    ...told.map((delta) => ({ delta })),
    // Which of them belong to which words nobody knows any more.
    ...(logprobs ? [{ delta: { content }, logprobs }] : []),
    { delta: {}, reason: finish_reason ?? "stop" },
  ];
}

/** Linear in the text, white space alone included: models that are bound to JSON sometimes write nothing else. */
function pieces(text: string): string[] {
  const words = text.match(/\s+|\S+\s*/g) ?? [];
  return Array.from({ length: Math.ceil(words.length / WORDS_PER_EVENT) }, (_, i) =>
    words.slice(i * WORDS_PER_EVENT, (i + 1) * WORDS_PER_EVENT).join(""),
  );
}
