import type { ChatCompletion } from "./chat-completion.ts";
import { DONE, eventText } from "./event-stream.ts";

/** Words to an event: enough of them that a stream shows as one, few enough that each is cheap. */
const WORDS_PER_EVENT = 6;

/** A whole completion told as a stream, end mark included; usage only where the client asked for it. */
export function completionEvents({ id, created, model, choices, usage }: ChatCompletion, wantsUsage: boolean): string {
  const shared = { id, object: "chat.completion.chunk", created, model };
  const event = (chunk: object) =>
    eventText(JSON.stringify({ ...shared, ...(wantsUsage && { usage: null }), ...chunk }));
  const events = choices.flatMap((choice) =>
    deltas(choice).map(({ delta, reason }) =>
      event({ choices: [{ index: choice.index, delta, logprobs: null, finish_reason: reason }] }),
    ),
  );
  if (wantsUsage && usage) events.push(event({ choices: [], usage }));
  return [...events, eventText(DONE)].join("");
}

interface Part {
  delta: object;
  reason: string | null;
}

function deltas({ message, finish_reason }: ChatCompletion["choices"][number]): Part[] {
  const { role, content, tool_calls, ...others } = message;
  const said = Object.entries(others).filter(([, value]) => value !== null && value !== undefined);
  return [
    { role, content: "" },
    ...(said.length > 0 ? [Object.fromEntries(said)] : []),
    ...pieces(content ?? "").map((text) => ({ content: text })),
    ...(tool_calls ?? []).map((call, index) => ({ tool_calls: [{ index, ...call }] })),
  ]
    .map((delta): Part => ({ delta, reason: null }))
    .concat({ delta: {}, reason: finish_reason ?? "stop" });
}

function pieces(text: string): string[] {
  return text.match(new RegExp(`(?:\\s*\\S+){1,${WORDS_PER_EVENT}}\\s*`, "g")) ?? (text === "" ? [] : [text]);
}
