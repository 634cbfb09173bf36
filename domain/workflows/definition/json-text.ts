import type { Json } from "../../kernel/json.ts";

/** AWS: the largest definition. */
const MAX_DEFINITION_BYTES = 1_048_576;
/** Some thirty Maps inside each other; everything behind this check may recurse. */
const MAX_DEPTH = 200;

export type JsonReading =
  | { readonly value: Json }
  | { readonly problem: string; readonly location: string; readonly value: undefined };

/** Reads a JSON text: bounded in size and depth, and without the member twice that JSON.parse would silently drop. */
export function readJson(text: string): JsonReading {
  if (text.length > MAX_DEFINITION_BYTES || new TextEncoder().encode(text).length > MAX_DEFINITION_BYTES) {
    return refuse(`The definition is larger than ${MAX_DEFINITION_BYTES} bytes`);
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (failure) {
    return refuse(failure instanceof Error ? failure.message : "The text is not JSON");
  }
  return inspect(text) ?? { value };
}

function refuse(problem: string, location = "/"): JsonReading {
  return { problem, location, value: undefined };
}

interface Container {
  readonly seen: Set<string> | null;
  /** The member being read, or the index. */
  at: string | number;
}

/** Walks a text that is known to be JSON, without recursion, looking only at brackets, commas and member names. */
function inspect(text: string): JsonReading | null {
  const open: Container[] = [];
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = endOfString(text, i);
        const container = open.at(-1);
        if (container?.seen != null && isName(text, end)) {
          const name = JSON.parse(text.slice(i, end)) as string;
          container.at = name;
          if (container.seen.has(name)) return refuse(`The field '${name}' is given twice`, pointer(open));
          container.seen.add(name);
        }
        i = end - 1;
        break;
      }
      case 0x7b:
        open.push({ seen: new Set(), at: "" });
        break;
      case 0x5b:
        open.push({ seen: null, at: 0 });
        break;
      case 0x2c: {
        const container = open.at(-1);
        if (typeof container?.at === "number") container.at += 1;
        break;
      }
      case 0x7d:
      case 0x5d:
        open.pop();
        break;
    }
    if (open.length > MAX_DEPTH) return refuse(`The definition is nested deeper than ${MAX_DEPTH} levels`);
  }
  return null;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1;
  return i + 1;
}

function isName(text: string, end: number): boolean {
  let i = end;
  while (text.charCodeAt(i) <= 0x20) i += 1;
  return text.charCodeAt(i) === 0x3a;
}

function pointer(open: readonly Container[]): string {
  return open.map(({ at }) => `/${escapeToken(String(at))}`).join("");
}

/** RFC 6901 section 3. */
export function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}
