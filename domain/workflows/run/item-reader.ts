import { isJsonObject, type Json } from "../../kernel/json.ts";
import type { Failure, ReaderSettings } from "./event.ts";

// What a distributed Map iterates over, from the text of one stored object.

export type ReadItems = { readonly items: Json[] } | { readonly failure: Failure };

const DELIMITERS: Readonly<Record<string, string>> = {
  COMMA: ",",
  PIPE: "|",
  SEMICOLON: ";",
  SPACE: " ",
  TAB: "\t",
};

export function readItems(text: string, settings: ReaderSettings): ReadItems {
  const { maxItems } = settings;
  const limit = maxItems ? maxItems : Number.POSITIVE_INFINITY;
  switch (settings.inputType ?? "JSON") {
    case "CSV":
      return readCsv(text, settings, limit);
    case "JSONL":
      return readJsonLines(text, limit);
    case "JSON":
      return readJson(text, settings, limit);
    default:
      return failed(`Input type ${settings.inputType} is not supported.`);
  }
}

function readJson(text: string, { itemsPointer }: ReaderSettings, limit: number): ReadItems {
  const document = parse(text);
  if (document === undefined) return failed("Attempting to parse an invalid JSON document.");
  const value = itemsPointer === null ? document : follow(document, itemsPointer);
  if (!Array.isArray(value)) return failed("Attempting to map over non-iterable node.");
  return { items: value.slice(0, limit) };
}

/** RFC 6901. */
function follow(document: Json, pointer: string): Json | undefined {
  let value: Json | undefined = document;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(value)) value = value[Number(name)];
    else value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

function readJsonLines(text: string, limit: number): ReadItems {
  const items: Json[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    if (items.length >= limit) break;
    const item = parse(line);
    if (item === undefined) return failed(`Line ${items.length + 1} is not valid JSON.`);
    items.push(item);
  }
  return { items };
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** AWS: cells are strings, a missing one is "", a surplus one is dropped, blank lines do not count. */
function readCsv(text: string, settings: ReaderSettings, limit: number): ReadItems {
  const rows = csvRows(text, DELIMITERS[settings.csvDelimiter ?? "COMMA"] ?? ",");
  const given = settings.csvHeaderLocation === "GIVEN" ? settings.csvHeaders : null;
  const headers = given ?? rows.shift() ?? [];
  if (new Set(headers).size !== headers.length) return failed("CSV headers cannot contain duplicates.");
  const items = rows
    .slice(0, limit)
    .map((row) => Object.fromEntries(headers.map((header, column) => [header, row[column] ?? ""])));
  return { items };
}

/** RFC 4180, with any line ending. */
function csvRows(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || cell !== "") rows.push(row);
    row = [];
    cell = "";
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (character === '"' && cell === "") isQuoted = true;
    else if (character === delimiter) {
      row.push(cell);
      cell = "";
    } else if (character === "\n" || character === "\r") endRow();
    else cell += character;
  }
  endRow();
  return rows;
}

function failed(cause: string): ReadItems {
  return { failure: { error: "States.ItemReaderFailed", cause } };
}
