// Cuts a text into chunks for retrieval.
//   C1  chunk.text === text.slice(chunk.start, chunk.end); every character of a block that is no white space lies in one.
//   C2  a chunk holds whole units and at most maxTokens, save that a last piece under 64 tokens joins its neighbour.
//   C3  no chunk reaches over a heading of level 1 or 2.
//   C4  starts strictly grow, so the number of chunks is bounded by the number of units.
//   C5  a text with nothing to cut is one empty chunk at its beginning, under which its document is found by its title.
import type { Chunk } from "../chunk.ts";
import type { Chunking } from "../knowledge-base.ts";
import type { Block } from "./block.ts";
import { estimatedTokens } from "./tokens.ts";
import { type Unit, units } from "./units.ts";

export interface TextChunk extends Omit<Chunk, "id"> {
  /** Of a chunk that begins within a table: the names of the columns, to be indexed with it and never cited with it. */
  readonly tableHead?: string;
}

/** A shorter last piece says too little to be found by itself. */
const MIN_TAIL_TOKENS = 64;
const SECTION_LEVEL = 2;
/** What is repeated must not outweigh the rows: about a tenth of a chunk. */
const MAX_TABLE_HEAD = 300;

export function chunks(text: string, blocks: readonly Block[], chunking: Chunking): TextChunk[] {
  const cut = sections(units(text, blocks, chunking.maxTokens)).flatMap((section) =>
    packed(section, chunking).map((piece) => toChunk(text, piece)),
  );
  return cut.length > 0 ? cut : [EMPTY];
}

const EMPTY: TextChunk = { start: 0, end: 0, text: "", headingPath: [], tokens: 0 };

/** Runs of units between section headings. A heading that follows headings alone stays with them. */
function sections(all: readonly Unit[]): Unit[][] {
  const found: Unit[][] = [];
  let current: Unit[] = [];
  for (const unit of all) {
    const { kind, level } = unit.block;
    const begins =
      kind === "heading" && level <= SECTION_LEVEL && current.some((other) => other.block.kind !== "heading");
    if (begins) {
      found.push(current);
      current = [];
    }
    current.push(unit);
  }
  if (current.length > 0) found.push(current);
  return found;
}

function packed(section: readonly Unit[], { maxTokens, overlapTokens }: Chunking): Unit[][] {
  const pieces: Unit[][] = [];
  let from = 0;
  let covered = 0;
  while (covered < section.length) {
    const to = endOfPiece(section, from, covered, maxTokens);
    const fresh = tokensOf(section.slice(covered, to));
    const last = pieces.at(-1);
    if (to === section.length && last !== undefined && fresh < MIN_TAIL_TOKENS) {
      last.push(...section.slice(covered, to));
    } else {
      pieces.push(section.slice(from, to));
    }
    covered = to;
    from = overlapStart(section, from, to, overlapTokens, maxTokens);
  }
  return pieces;
}

/** A piece does not end on a heading, unless it would then hold nothing that is new. */
function endOfPiece(section: readonly Unit[], from: number, covered: number, maxTokens: number): number {
  let tokens = 0;
  let to = from;
  for (let unit = section[to]; unit !== undefined; unit = section[to]) {
    if (to > from && tokens + unit.tokens > maxTokens) break;
    tokens += unit.tokens;
    to += 1;
  }
  const endsOnHeading = to < section.length && to - 1 > covered && section[to - 1]?.block.kind === "heading";
  return endsOnHeading ? to - 1 : to;
}

/** The unit boundary nearest to `overlapTokens` before `to`, leaving room for the unit that did not fit. */
function overlapStart(section: readonly Unit[], from: number, to: number, overlap: number, maxTokens: number): number {
  const room = maxTokens - (section[to]?.tokens ?? 0);
  let start = to;
  let tokens = 0;
  while (start - 1 > from) {
    const next = tokens + (section[start - 1]?.tokens ?? 0);
    if (next > room || Math.abs(next - overlap) > Math.abs(tokens - overlap)) break;
    tokens = next;
    start -= 1;
  }
  return start;
}

function tokensOf(list: readonly Unit[]): number {
  return list.reduce((sum, unit) => sum + unit.tokens, 0);
}

function toChunk(text: string, piece: readonly Unit[]): TextChunk {
  const first = piece[0];
  const last = piece.at(-1);
  if (first === undefined || last === undefined) throw new Error("a piece holds at least one unit");
  const body = piece.find((unit) => unit.block.kind !== "heading") ?? last;
  const slice = text.slice(first.start, last.end);
  const tableHead = tableHeadAbove(text, first);
  return {
    start: first.start,
    end: last.end,
    text: slice,
    headingPath: [...body.block.headingPath],
    tokens: estimatedTokens(slice),
    ...(tableHead !== null && { tableHead }),
  };
}

function tableHeadAbove(text: string, { block, start }: Unit): string | null {
  if (block.kind !== "table" || start === block.start) return null;
  const [names = ""] = text.slice(block.start, Math.min(start, block.start + MAX_TABLE_HEAD)).split("\n", 1);
  return names.toWellFormed();
}
