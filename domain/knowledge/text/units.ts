import type { Block } from "./block.ts";
import { cutBefore } from "./cut.ts";
import { lines } from "./lines.ts";
import { type Span, sentences, trimmed } from "./sentences.ts";
import { estimatedTokens } from "./tokens.ts";

/** The smallest piece that a chunk takes whole: a sentence, an item, a table or code block that fits. */
export interface Unit extends Span {
  readonly tokens: number;
  readonly block: Block;
}

export function units(text: string, blocks: readonly Block[], maxTokens: number): Unit[] {
  return blocks.flatMap((block) =>
    partsOf(text, block, maxTokens).flatMap((span) => sized(text, span, maxTokens, block)),
  );
}

function partsOf(text: string, block: Block, maxTokens: number): Span[] {
  switch (block.kind) {
    case "heading":
      return [block];
    case "paragraph":
      return sentences(text, block.start, block.end);
    case "table":
    case "code":
      if (estimatedTokens(text.slice(block.start, block.end)) <= maxTokens) return [block];
      return trimmedLines(text, block);
    case "list":
      return trimmedLines(text, block);
  }
}

function trimmedLines(text: string, block: Block): Span[] {
  return lines(text, block.start, block.end).flatMap((line) => trimmed(text, line.start, line.end) ?? []);
}

/** The span as one unit, or cut into pieces that fit when it does not. */
function sized(text: string, span: Span, maxTokens: number, block: Block): Unit[] {
  const tokens = estimatedTokens(text.slice(span.start, span.end));
  if (tokens <= maxTokens) return [{ start: span.start, end: span.end, tokens, block }];
  const pieces: Unit[] = [];
  for (let start = span.start; start < span.end; ) {
    const end = cutAfter(text, start, span.end, maxTokens);
    const piece = trimmed(text, start, end);
    if (piece !== null) {
      pieces.push({ ...piece, tokens: estimatedTokens(text.slice(piece.start, piece.end)), block });
    }
    start = end;
  }
  return pieces;
}

/** Where a piece that starts at `start` is full. */
function cutAfter(text: string, start: number, end: number, maxTokens: number): number {
  let length = Math.min(end - start, maxTokens * MAX_CHARACTERS_PER_TOKEN);
  while (length > 1 && estimatedTokens(text.slice(start, start + length)) > maxTokens) length = Math.ceil(length * 0.7);
  return start + length >= end ? end : cutBefore(text, start, start + length);
}

/** Six Latin letters are a token at most; more characters never fit. */
const MAX_CHARACTERS_PER_TOKEN = 8;
