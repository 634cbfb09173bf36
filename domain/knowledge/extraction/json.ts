import { isJsonObject, type Json } from "../../kernel/json.ts";

// Data as text that can be found and quoted: one line a value, led by its path; items of the outermost list stand apart.

interface Node {
  readonly path: string;
  readonly depth: number;
  readonly value: Json;
}

/** Where data lies deeper, its path ends here: longer ones would be longer than what they lead to. */
const MAX_DEPTH = 32;

/** `null` when the source is not JSON, nor JSON lines. Stops soon after `maxLength` characters. */
export function jsonText(source: string, maxLength: number): string | null {
  const value = parsed(source) ?? parsedLines(source);
  if (value === null) return null;
  const blocks: string[] = [];
  let length = 0;
  for (const item of Array.isArray(value.json) ? value.json : [value.json]) {
    const block: string[] = [];
    for (const line of lines(item)) {
      block.push(line);
      length += line.length + 1;
      if (length > maxLength) break;
    }
    if (block.length > 0) blocks.push(block.join("\n"));
    if (length > maxLength) break;
  }
  return blocks.join("\n\n");
}

/** In order, with a stack of its own: data may be nested deeper than calls can be. */
function* lines(root: Json): Generator<string> {
  const stack: Node[] = [{ path: "", depth: 0, value: root }];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const { path, depth, value } = node;
    if (value === null || value === "") continue;
    if (Array.isArray(value)) {
      for (const item of value.toReversed()) stack.push({ path, depth: depth + 1, value: item });
    } else if (isJsonObject(value)) {
      for (const [key, member] of Object.entries(value).reverse()) {
        stack.push({ path: depth < MAX_DEPTH ? joined(path, key) : path, depth: depth + 1, value: member });
      }
    } else {
      yield path === "" ? String(value) : `${path}: ${value}`;
    }
  }
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function parsed(source: string): { json: Json } | null {
  try {
    return { json: JSON.parse(source) as Json };
  } catch {
    return null;
  }
}

function parsedLines(source: string): { json: Json } | null {
  const items: Json[] = [];
  for (const line of source.split("\n")) {
    if (line.trim() === "") continue;
    const item = parsed(line);
    if (item === null) return null;
    items.push(item.json);
  }
  return items.length > 1 ? { json: items } : null;
}
