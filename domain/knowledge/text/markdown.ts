// Reads the block structure of CommonMark (with GitHub's tables) as far as chunks need it: where a heading, paragraph,
// list, table or code block begins and ends. Inline syntax stays in the text, so a citation is the source's own bytes.
import { type Block, type BlockKind, type Heading, pathWith } from "./block.ts";
import { type Line, lines } from "./lines.ts";
import { trimmed } from "./sentences.ts";

const ATX_HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$/;
const SETEXT_UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const LIST_ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/;
const TABLE_RULE = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const INDENTED = /^(?: {2,}|\t)/;

/** A line this long is data; the patterns above are not tried on it. */
const MAX_SYNTAX_LINE = 2_000;

export function markdownBlocks(text: string): Block[] {
  const source = lines(text);
  const blocks: Block[] = [];
  let path: Heading[] = [];
  const push = (kind: BlockKind, from: number, to: number, level = 0) => {
    const first = source[from];
    const last = source[to - 1];
    const span = first === undefined || last === undefined ? null : trimmed(text, first.start, last.end);
    if (span !== null) blocks.push({ ...span, kind, level, headingPath: path.map((heading) => heading.text) });
  };

  for (let at = frontMatterEnd(source); at < source.length; ) {
    const line = source[at] as Line;
    const kind = kindOf(source, at);
    if (kind === "blank") {
      at += 1;
    } else if (kind === "atx") {
      const [, marks = "#", title = ""] = ATX_HEADING.exec(line.text) ?? [];
      path = pathWith(path, marks.length, title.trim());
      push("heading", at, at + 1, marks.length);
      at += 1;
    } else if (kind === "setext") {
      const level = (source[at + 1]?.text ?? "").includes("=") ? 1 : 2;
      path = pathWith(path, level, line.text.trim());
      push("heading", at, at + 2, level);
      at += 2;
    } else {
      const end = endOf(kind, source, at);
      push(kind, at, end);
      at = end;
    }
  }
  return blocks;
}

type LineKind = "blank" | "atx" | "setext" | "code" | "table" | "list" | "paragraph";

function kindOf(source: readonly Line[], at: number): LineKind {
  const line = source[at] as Line;
  if (line.isBlank) return "blank";
  if (line.text.length > MAX_SYNTAX_LINE) return "paragraph";
  if (FENCE.test(line.text)) return "code";
  if (ATX_HEADING.test(line.text)) return "atx";
  if (LIST_ITEM.test(line.text)) return "list";
  const next = source[at + 1];
  if (next === undefined || next.isBlank || next.text.length > MAX_SYNTAX_LINE) return "paragraph";
  if (line.text.includes("|") && next.text.includes("-") && TABLE_RULE.test(next.text)) return "table";
  return SETEXT_UNDERLINE.test(next.text) ? "setext" : "paragraph";
}

/** The index after the last line of the block that begins at `at`. */
function endOf(kind: Exclude<LineKind, "blank" | "atx" | "setext">, source: readonly Line[], at: number): number {
  switch (kind) {
    case "code":
      return fenceEnd(source, at);
    case "list":
      return listEnd(source, at);
    case "table":
      return runEnd(source, at + 2, (line) => line.text.includes("|"));
    case "paragraph":
      return runEnd(source, at + 1, (_, index) => kindOf(source, index) === "paragraph");
  }
}

function runEnd(source: readonly Line[], from: number, goesOn: (line: Line, index: number) => boolean): number {
  let at = from;
  for (let line = source[at]; line !== undefined && !line.isBlank && goesOn(line, at); line = source[at]) at += 1;
  return at;
}

/** An unclosed fence ends with the text, as CommonMark has it. */
function fenceEnd(source: readonly Line[], at: number): number {
  const open = FENCE.exec(source[at]?.text ?? "")?.[1] ?? "```";
  for (let index = at + 1; index < source.length; index += 1) {
    const close = source[index]?.text.trim() ?? "";
    if (close.length >= open.length && close === open.charAt(0).repeat(close.length)) return index + 1;
  }
  return source.length;
}

/** A list goes on over blank lines as long as an item or an indented line follows. */
function listEnd(source: readonly Line[], at: number): number {
  let end = at + 1;
  for (let index = at + 1; index < source.length; index += 1) {
    const line = source[index] as Line;
    if (line.isBlank) continue;
    const kind = kindOf(source, index);
    const isLazy = index === end && kind === "paragraph";
    if (kind !== "list" && !isLazy && !INDENTED.test(line.text)) break;
    end = index + 1;
  }
  return end;
}

/** YAML between two "---" at the very top describes the file and is not part of what it says. */
function frontMatterEnd(source: readonly Line[]): number {
  if (source[0]?.text.trim() !== "---") return 0;
  const close = source.slice(0, 200).findIndex((line, index) => index > 0 && line.text.trim() === "---");
  return close === -1 ? 0 : close + 1;
}
