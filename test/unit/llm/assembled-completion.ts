import type { ChatCompletion } from "../../../domain/llm/chat-completion.ts";
import { completionAssembler } from "../../../domain/llm/completion-assembler.ts";
import { streamFilter } from "../../../domain/llm/stream-filter.ts";

/** What is kept of a stream of these events. */
export function assembledCompletion(events: string): ChatCompletion | null {
  const assembler = completionAssembler();
  streamFilter(true, assembler).push(Buffer.from(events));
  return assembler.completion();
}
