import type { Span } from "./sentences.ts";

export interface Line extends Span {
  readonly text: string;
  readonly isBlank: boolean;
}

/** Lines of text[start, end) without their line feeds. */
export function lines(text: string, start = 0, end = text.length): Line[] {
  const found: Line[] = [];
  for (let from = start; from < end; ) {
    const feed = text.indexOf("\n", from);
    const to = feed === -1 || feed > end ? end : feed;
    const line = text.slice(from, to);
    found.push({ start: from, end: to, text: line, isBlank: line.trim().length === 0 });
    from = to + 1;
  }
  return found;
}
