import type { PromptSource, ReadPrompt } from "../../domain/knowledge/answering/prompt.ts";
import { type ChatMessage, messageText } from "../../domain/llm/chat-completion.ts";

const MARKER = /^\s*(?:#+\s*)?\[(\d{1,4})\][ \t:.)-]*/;
const QUESTION_LABEL = /^\s*(?:question|user question|query|q)\s*:\s*/i;
const CONTEXT_LABEL = /^\s*(?:context|sources?|passages?|documents?)\s*:\s*/i;

/**
 * The question and its context, as prompts for answering from sources are written: the question is the last paragraph of the
 * last user message, or the one labelled so; the context is every paragraph of the other messages (system, tool, earlier user
 * turns) and what stands before the question. Paragraphs that begin with `[n]` keep their number; without any such, all count.
 */
export function promptOf(messages: readonly ChatMessage[]): ReadPrompt {
  const last = messages.findLastIndex(({ role }) => role === "user");
  const asked = last === -1 ? [] : paragraphs(messageText(messages[last] as ChatMessage));
  const labelled = asked.findIndex((paragraph) => QUESTION_LABEL.test(paragraph));
  const [question = ""] = asked.splice(labelled === -1 ? asked.length - 1 : labelled, 1);
  const others = messages.filter(({ role }, i) => i !== last && role !== "assistant");
  const context = [...others.flatMap((message) => paragraphs(messageText(message))), ...asked];
  return { question: question.replace(QUESTION_LABEL, ""), sources: numbered(context) };
}

/**
 * Where any paragraph is labelled as the context, what stands before it are instructions; so it is where any is numbered: then
 * the context is a list of sources.
 */
function numbered(given: readonly string[]): PromptSource[] {
  const passages: PromptSource[] = [];
  const context = given.slice(
    Math.max(
      0,
      given.findIndex((paragraph) => CONTEXT_LABEL.test(paragraph)),
    ),
  );
  const isList = context.some((paragraph) => MARKER.test(paragraph));
  for (const labelled of context) {
    const paragraph = labelled.replace(CONTEXT_LABEL, "");
    if (paragraph === "") continue;
    const marker = MARKER.exec(paragraph);
    const text = paragraph.slice(marker?.[0].length ?? 0).trim();
    if (marker !== null) passages.push({ marker: Number(marker[1]), text });
    else if (isList) {
      const previous = passages.at(-1);
      if (previous !== undefined) passages.push({ marker: previous.marker, text });
    } else passages.push({ marker: passages.length + 1, text });
  }
  return passages.filter(({ text }) => text !== "");
}

/** Blank lines part paragraphs; so does a line that begins with a number in brackets or is labelled as question or context. */
function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n|\n(?=\s*\[\d{1,4}\])|\n(?=\s*(?:(?:user )?question|context|sources|passages|documents)\s*:)/i)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== "");
}
