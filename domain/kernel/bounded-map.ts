/**
 * Puts an entry last, and drops the first where the map then holds more than `max`: of a map that is written by this alone, the
 * one that was put least lately.
 */
export function putLast<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [first] = map.keys();
  if (map.size > max && first !== undefined) map.delete(first);
}
