// A table as text that can be found and quoted row by row: each row is a list item that repeats the names of its columns.

/** Cells further right stand without a name: a row of a hostile file would become far more text than it was. */
const MAX_NAMES = 500;
/** As many as a sheet of Excel has. A hostile file of separators alone would take many times its size in memory. */
export const MAX_COLUMNS = 16_384;

/**
 * RFC 4180, with any of the usual separators. The first row names the columns. Stops soon after `maxLength` characters; `null` when
 * a row before that has more than `MAX_COLUMNS`.
 */
export function csvText(source: string, maxLength: number): string | null {
  const rows = csvRows(source, separatorOf(source));
  const header: string[] = rows.next().value ?? [];
  if (header.length > MAX_COLUMNS) return null;
  const names = header.map(oneLine);
  const heads = names.slice(0, MAX_NAMES);
  const lines: string[] = [];
  let length = 0;
  for (const row of rows) {
    if (length > maxLength) break;
    if (row.length > MAX_COLUMNS) return null;
    const cells = row.flatMap((cell, column) => named(heads[column], oneLine(cell)));
    if (cells.length === 0) continue;
    const line = `- ${cells.join("; ")}`;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.length > 0 ? lines.join("\n") : names.filter((name) => name !== "").join("; ");
}

function named(name: string | undefined, value: string): string[] {
  if (value === "") return [];
  return [name === undefined || name === "" ? value : `${name}: ${value}`];
}

function oneLine(cell: string): string {
  return cell.replace(/\s+/g, " ").trim();
}

/** Enough to tell the separator by. */
const HEADER_LENGTH = 65_536;

/** The separator that the first line holds most of, outside of quotes. */
function separatorOf(source: string): string {
  const start = source.slice(0, HEADER_LENGTH);
  const header = start.slice(0, /[\r\n]/.exec(start)?.index ?? start.length).replace(/"[^"]*"/g, "");
  const count = (separator: string) => header.split(separator).length;
  return [",", ";", "\t", "|"].reduce((best, next) => (count(next) > count(best) ? next : best));
}

/** One that is too long is not read to its end. */
function* csvRows(source: string, separator: string): Generator<string[]> {
  let row: string[] = [];
  let at = 0;
  while (at < source.length) {
    const [cell, end] = source[at] === '"' ? quotedCell(source, at) : plainCell(source, at, separator);
    row.push(cell);
    at = end;
    if (source[at] === separator && row.length <= MAX_COLUMNS) {
      at += 1;
      if (at === source.length) row.push("");
      continue;
    }
    at += source.startsWith("\r\n", at) ? 2 : 1;
    yield row;
    row = [];
  }
  if (row.length > 0) yield row;
}

function plainCell(source: string, start: number, separator: string): [cell: string, end: number] {
  let end = start;
  while (end < source.length && source[end] !== separator && source[end] !== "\n" && source[end] !== "\r") end += 1;
  return [source.slice(start, end), end];
}

/** Up to the closing quote; what follows it before the separator belongs to the cell, as spreadsheets read it. */
function quotedCell(source: string, start: number): [cell: string, end: number] {
  let cell = "";
  let at = start + 1;
  for (;;) {
    const quote = source.indexOf('"', at);
    if (quote === -1) return [cell + source.slice(at), source.length];
    cell += source.slice(at, quote);
    at = quote + 1;
    if (source[at] !== '"') return [cell, at];
    cell += '"';
    at += 1;
  }
}
