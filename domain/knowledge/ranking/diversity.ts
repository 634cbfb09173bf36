/** What two token sets share, as a part of the larger one. */
export function overlapOf(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  if (small.size === 0) return large.size === 0 ? 1 : 0;
  let shared = 0;
  for (const id of small) if (large.has(id)) shared += 1;
  return shared / large.size;
}

export interface Diversified<T> {
  readonly item: T;
  readonly relevance: number;
}

/**
 * Maximal marginal relevance: each pick is the item with the best balance of its own relevance and its distance from
 * what was picked. The picks for a smaller count are the beginning of those for a larger one.
 */
export function diversified<T>(
  items: readonly Diversified<T>[],
  count: number,
  similarity: (a: T, b: T) => number,
  balance = 0.7,
): T[] {
  const left = [...items];
  const closest = new Map<T, number>();
  const picked: T[] = [];
  while (picked.length < count && left.length > 0) {
    let best = 0;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const [index, { item, relevance }] of left.entries()) {
      const score = balance * relevance - (1 - balance) * (closest.get(item) ?? 0);
      if (score > bestScore) [best, bestScore] = [index, score];
    }
    const [next] = left.splice(best, 1);
    if (next === undefined) break;
    picked.push(next.item);
    for (const { item } of left) {
      closest.set(item, Math.max(closest.get(item) ?? 0, similarity(item, next.item)));
    }
  }
  return picked;
}
