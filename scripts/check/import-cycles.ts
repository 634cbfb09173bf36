import type { Finding } from "./finding.ts";
import type { SourceFile } from "./source-file.ts";

/** Files that import each other in a ring, type imports included; each ring is reported once, as its shortest path. */
export function importCycles(files: readonly SourceFile[]): Finding[] {
  const known = new Set(files.map((file) => file.path));
  const graph = new Map(
    files.map((file) => [
      file.path,
      file.imports.flatMap(({ target }) => (target !== null && known.has(target) ? [target] : [])),
    ]),
  );
  return components(graph).flatMap((members) => {
    const ring = shortestRing(graph, members);
    const [first] = ring;
    if (first === undefined) return [];
    const second = ring[1] ?? first;
    const line = files.find((file) => file.path === first)?.imports.find(({ target }) => target === second)?.line ?? 1;
    return [{ path: first, line, rule: "cycle", message: [...ring, first].join(" -> ") }];
  });
}

type Graph = ReadonlyMap<string, readonly string[]>;

// Tarjan's strongly connected components, with a stack of its own so that a long chain of files cannot overflow ours.
function components(graph: Graph): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const found: string[][] = [];

  const enter = (node: string) => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    open.push(node);
    isOpen.add(node);
    return { node, edges: (graph.get(node) ?? []).values() };
  };
  const lower = (node: string, candidate: number) => low.set(node, Math.min(low.get(node) ?? candidate, candidate));

  for (const root of graph.keys()) {
    if (index.has(root)) continue;
    const path = [enter(root)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node, edges } = top;
      const { value: next, done } = edges.next();
      if (!done) {
        if (!index.has(next)) path.push(enter(next));
        else if (isOpen.has(next)) lower(node, index.get(next) ?? 0);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(node) ?? 0);
      if (low.get(node) !== index.get(node)) continue;
      const members = open.splice(open.lastIndexOf(node));
      for (const member of members) isOpen.delete(member);
      found.push(members);
    }
  }
  return found;
}

// Breadth first from each member back to itself: components are small, and the shortest ring is the one to cut.
function shortestRing(graph: Graph, members: readonly string[]): string[] {
  const inside = new Set(members);
  const rings = members.toSorted().flatMap((start) => {
    const ring = ringFrom(graph, inside, start);
    return ring === null ? [] : [ring];
  });
  return rings.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function ringFrom(graph: Graph, inside: ReadonlySet<string>, start: string): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return pathTo(cameFrom, start, node);
      if (!inside.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return null;
}

function pathTo(cameFrom: ReadonlyMap<string, string>, start: string, end: string): string[] {
  const path = [end];
  for (let at = end; at !== start; path.unshift(at)) at = cameFrom.get(at) ?? start;
  return path;
}
