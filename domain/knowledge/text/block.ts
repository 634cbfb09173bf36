import type { Span } from "./sentences.ts";

export type BlockKind = "heading" | "paragraph" | "list" | "table" | "code";

/** A structural piece of a text. Blocks are in order, do not overlap, and nothing but white space lies between them. */
export interface Block extends Span {
  readonly kind: BlockKind;
  /** 1 to 6 for a heading, 0 for every other kind. */
  readonly level: number;
  /** The headings it stands under, outermost first; a heading's own text is the last item of its path. */
  readonly headingPath: readonly string[];
}

/** The path below `path` once a heading of `level` with this text has begun. */
export function pathWith(path: readonly Heading[], level: number, text: string): Heading[] {
  return [...path.filter((heading) => heading.level < level), { level, text: text.slice(0, MAX_HEADING) }];
}

export interface Heading {
  readonly level: number;
  readonly text: string;
}

/** A longer "heading" is prose behind a "#"; its beginning says enough. */
const MAX_HEADING = 200;
