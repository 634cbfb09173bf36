import { readFileSync } from "node:fs";
import path from "node:path";
import { type Comment, type Node, type Program, parseSync, visitorKeys } from "oxc-parser";

export interface Import {
  specifier: string;
  /** The repository path a relative specifier names, or null for a package. */
  target: string | null;
  line: number;
}

export interface SourceFile {
  path: string;
  text: string;
  program: Program;
  comments: Comment[];
  imports: Import[];
  lineOf(offset: number): number;
}

/** Parses one TypeScript file; `filePath` is relative to the root of the repository, with forward slashes. */
export function parseSource(filePath: string, text: string): SourceFile {
  const { program, comments, errors } = parseSync(filePath, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${filePath} does not parse: ${error.message}`);
  const lineOf = lineFinder(text);
  const imports = importsOf(program).map(({ specifier, start }) => ({
    specifier,
    target: specifier.startsWith(".") ? path.posix.join(path.posix.dirname(filePath), specifier) : null,
    line: lineOf(start),
  }));
  return { path: filePath, text, program, comments, imports, lineOf };
}

export function readSources(root: string, paths: readonly string[]): SourceFile[] {
  return paths
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"))
    .map((file) => parseSource(file, readFileSync(path.join(root, file), "utf8")));
}

/** Calls `visit` on every node, parents first, with the nodes above it (nearest last). */
export function walk(
  node: Node,
  visit: (node: Node, ancestors: readonly Node[]) => void,
  ancestors: Node[] = [],
): void {
  visit(node, ancestors);
  ancestors.push(node);
  for (const child of childrenOf(node)) walk(child, visit, ancestors);
  ancestors.pop();
}

function childrenOf(node: Node): Node[] {
  return (visitorKeys[node.type] ?? []).flatMap((key) => {
    const value: unknown = Reflect.get(node, key);
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

// Static, dynamic, re-exported and `import("./x.ts").T` alike: a type import ties two files together as a value does.
function importsOf(program: Program): { specifier: string; start: number }[] {
  const found: { specifier: string; start: number }[] = [];
  walk(program, (node) => {
    if (!("source" in node) || node.source === null || typeof node.source !== "object") return;
    if (node.source.type !== "Literal" || typeof node.source.value !== "string") return;
    found.push({ specifier: node.source.value, start: node.start });
  });
  return found;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
