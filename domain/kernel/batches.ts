/** The items in their order, at most so many together. */
export function batchesOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** The items in their order, together only so many and so large. One that is larger by itself stands alone. */
export function batchesWithin<T>(
  items: readonly T[],
  bounds: { items: number; size: number },
  sizeOf: (item: T) => number,
): T[][] {
  const batches: T[][] = [];
  let size = 0;
  for (const item of items) {
    const last = batches.at(-1);
    const its = sizeOf(item);
    if (last !== undefined && last.length < bounds.items && size + its <= bounds.size) {
      last.push(item);
      size += its;
    } else {
      batches.push([item]);
      size = its;
    }
  }
  return batches;
}
