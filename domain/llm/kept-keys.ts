// What one isolate knows of the answers that a tenant has kept: enough to tell a certain miss without asking.
//   K1  nothing is answered from here: whatever may be a hit is asked for, so what was invalidated is never served.
//   K2  what this isolate keeps is known at once, what another keeps within KNOWN_MS: until then it is a miss here.
//   K3  knowledge begins after a few looks. Before, and when it is older than KNOWN_MS, every look asks, and hears the news with it.

export interface KeptKeys {
  /** The first characters of digests: two that begin alike cost a question. */
  keys: Set<string>;
  looks: number;
  /** The cache's own time up to which its keys are known. */
  upTo: number;
  heardAt: number;
}

/** Keys that were kept since the time that was asked for. */
export interface CacheNews {
  keys: string[];
  upTo: number;
}

export const KNOWN_MS = 2_000;
export const KEY_CHARACTERS = 16;
/** An isolate that looks once or twice is not worth the keys of thousands of answers. */
const FIRST_LOOKS = 4;
/** Twice what a cache holds: keys of answers that are gone by now are among them. Then all begins anew. */
const MAX_KEYS = 40_000;

export function nothingKnown(): KeptKeys {
  return { keys: new Set(), looks: 0, upTo: 0, heardAt: Number.NEGATIVE_INFINITY };
}

export function isCertainMiss(known: KeptKeys, key: string, now: number): boolean {
  known.looks++;
  const age = now - known.heardAt;
  return age >= 0 && age < KNOWN_MS && !known.keys.has(short(key));
}

/** From when on keys are to be told; `null` where none are wanted. */
export function newsWanted({ looks, upTo }: KeptKeys): number | null {
  return looks <= FIRST_LOOKS ? null : upTo;
}

/** `askedAt`: when the question left. */
export function hear(known: KeptKeys, news: CacheNews, askedAt: number): void {
  if (known.keys.size + news.keys.length > MAX_KEYS) {
    known.keys.clear();
    known.upTo = 0;
    known.heardAt = Number.NEGATIVE_INFINITY;
    return;
  }
  for (const key of news.keys) known.keys.add(key);
  known.upTo = Math.max(known.upTo, news.upTo);
  known.heardAt = Math.max(known.heardAt, askedAt);
}

export function noteKept({ keys }: KeptKeys, key: string): void {
  keys.add(short(key));
}

export function noteGone({ keys }: KeptKeys, key: string): void {
  keys.delete(short(key));
}

function short(key: string): string {
  return key.slice(0, KEY_CHARACTERS);
}
