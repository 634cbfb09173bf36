import { lines } from "../text/lines.ts";
import { markdownBlocks } from "../text/markdown.ts";
import { type Span, trimmed } from "../text/sentences.ts";
import { estimatedTokens } from "../text/tokens.ts";
import { units } from "../text/units.ts";

/** A found chunk as an answer uses it. `text` is the document's [start, start + text.length). */
export interface Passage {
  readonly knowledgeBaseId: string;
  readonly documentId: string;
  readonly chunkId: string;
  readonly title: string;
  readonly headingPath: readonly string[];
  readonly text: string;
  readonly start: number;
}

/** What can be quoted by itself. Spans are into the text that it was read from. */
export interface Statement extends Span {
  readonly tokens: number;
  /** Of a table's row: the names of the columns with the rule below them, without which the row says little. */
  readonly header: Span | null;
}

/** A larger code block is quoted line by line. */
const MAX_STATEMENT_TOKENS = 120;

/** Sentences, list items and table rows. Headings and the heads of tables state nothing by themselves. */
export function statements(text: string): Statement[] {
  return markdownBlocks(text)
    .filter((block) => block.kind !== "heading")
    .flatMap((block) =>
      block.kind === "table"
        ? rows(text, block)
        : units(text, [block], MAX_STATEMENT_TOKENS).map((unit) => ({ ...unit, header: null })),
    );
}

/** The words of a statement and of what it stands under in its table. */
export function statedText(text: string, { start, end, header }: Statement): string {
  return header === null
    ? text.slice(start, end)
    : `${text.slice(header.start, header.end)}\n${text.slice(start, end)}`;
}

/** A row as a sentence, each cell behind the name of its column; any other statement as it is written. */
export function readableText(text: string, statement: Statement): string {
  const written = text.slice(statement.start, statement.end);
  if (statement.header === null) return written;
  const names = cells(text.slice(statement.header.start, statement.header.end).split("\n", 1)[0] ?? "");
  return cells(written)
    .flatMap((cell, column) => (cell === "" ? [] : [names[column] ? `${names[column]}: ${cell}` : cell]))
    .join("; ");
}

function rows(text: string, table: Span): Statement[] {
  const [names, rule, ...others] = lines(text, table.start, table.end);
  if (names === undefined || rule === undefined) return [];
  const header = { start: names.start, end: rule.end };
  return others.flatMap((line) => {
    const row = trimmed(text, line.start, line.end);
    return row === null ? [] : [{ ...row, header, tokens: estimatedTokens(text.slice(row.start, row.end)) }];
  });
}

/** A bar behind a backslash is text, as GitHub has it. */
function cells(line: string): string[] {
  return line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}
