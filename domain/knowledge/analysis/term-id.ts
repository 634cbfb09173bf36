/**
 * 32-bit identity of a term: FNV-1a over UTF-16 units, finished as murmur3 does. A million terms share a slot with one
 * query term in four thousand queries, which costs that query one stray match.
 */
export function termId(term: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < term.length; at += 1) hash = Math.imul(hash ^ term.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** murmur3's finaliser: every input bit reaches every output bit. */
export function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

export function termIds(terms: readonly string[]): Uint32Array {
  return Uint32Array.from(terms, termId);
}
