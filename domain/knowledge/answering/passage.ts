import { markdownBlocks } from "../text/markdown.ts";
import type { Span } from "../text/sentences.ts";
import { type Unit, units } from "../text/units.ts";

/** A found chunk as an answer uses it. `text` is the document's [start, start + text.length). */
export interface Passage {
  readonly documentId: string;
  readonly chunkId: string;
  readonly title: string;
  readonly headingPath: readonly string[];
  readonly text: string;
  readonly start: number;
}

/** A larger table is quoted line by line. */
const MAX_STATEMENT_TOKENS = 120;

/** What can be quoted by itself: sentences, list items, table lines. Spans are into the given text. */
export function statements(text: string): (Span & Pick<Unit, "tokens">)[] {
  return units(text, markdownBlocks(text), MAX_STATEMENT_TOKENS).filter((unit) => unit.block.kind !== "heading");
}
