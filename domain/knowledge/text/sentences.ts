import { cutBefore } from "./cut.ts";

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Sentence rules do not differ enough between languages to ask for one; the root locale knows them all. */
const SENTENCES = new Intl.Segmenter("und", { granularity: "sentence" });

/** Longer runs are cut before they reach the segmenter, whose cost on one huge sentence is not linear. */
const MAX_SEGMENT = 20_000;

/** Sentences of text[start, end) without the white space around them. Nothing but white space lies between them. */
export function sentences(text: string, start = 0, end = text.length): Span[] {
  const spans: Span[] = [];
  for (let from = start, to = start; from < end; from = to) {
    to = from + MAX_SEGMENT >= end ? end : cutBefore(text, from, from + MAX_SEGMENT);
    for (const { segment, index } of SENTENCES.segment(text.slice(from, to))) {
      const span = trimmed(text, from + index, from + index + segment.length);
      if (span !== null) append(spans, text, span);
    }
  }
  return spans;
}

/** The span without its outer white space, or null when nothing is left. */
export function trimmed(text: string, start: number, end: number): Span | null {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from += 1;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1;
  return from < to ? { start: from, end: to } : null;
}

/** "Dr. Smith", "e.g. this" and "No. 5" are not ends: a very short sentence that ends in a short word and a dot goes on. */
function append(spans: Span[], text: string, span: Span): void {
  const previous = spans.at(-1);
  if (
    previous !== undefined &&
    ABBREVIATION.test(text.slice(Math.max(previous.start, previous.end - 12), previous.end))
  ) {
    spans[spans.length - 1] = { start: previous.start, end: span.end };
  } else {
    spans.push(span);
  }
}

const ABBREVIATION = /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|etc|e\.g|i\.e|cf|Fig|Sec|Art|approx|[A-Z])\.$/;

function isSpace(code: number): boolean {
  return (
    code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0x3000 || (code >= 0x2000 && code <= 0x200a)
  );
}
