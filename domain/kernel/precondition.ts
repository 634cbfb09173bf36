import { sha256Hex } from "./digest.ts";
import { canonicalJson, type Json } from "./json.ts";

// What a client demands of a resource before it is sent again or changed (RFC 9110 section 13.1).

interface EntityTag {
  opaque: string;
  isWeak: boolean;
}

/** `*` stands for any representation there may be. */
type Tags = "*" | readonly EntityTag[];

export interface Precondition {
  ifMatch: Tags | null;
  ifNoneMatch: Tags | null;
}

const TAGS = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"\s*(?:,\s*(?:W\/)?"[\x21\x23-\x7e]*"\s*)*$/;
const ONE_TAG = /(W\/)?("[\x21\x23-\x7e]*")/g;

/** The strong tag of a resource, as its GET answers it. */
export function entityTag(resource: object): string {
  return tagOfJson(JSON.parse(JSON.stringify(resource)) as Json);
}

/** Over the canonical text, so that a row just written and the same row read back agree. */
export function tagOfJson(json: Json): string {
  return `"${sha256Hex(canonicalJson(json)).slice(0, 32)}"`;
}

/** The tags of a header; null when it is none. */
export function readTags(header: string): Tags | null {
  if (header.trim() === "*") return "*";
  if (!TAGS.test(header)) return null;
  return [...header.matchAll(ONE_TAG)].map(([, weak, opaque = ""]) => ({ opaque, isWeak: weak !== undefined }));
}

/** Whether the resource may be changed. `current` is its tag; null where there is no resource. */
export function isMet({ ifMatch, ifNoneMatch }: Precondition, current: string | null): boolean {
  return (ifMatch === null || hasStrong(ifMatch, current)) && (ifNoneMatch === null || !hasWeak(ifNoneMatch, current));
}

/** Whether the client has this representation already. */
export function isKnown({ ifNoneMatch }: Precondition, current: string): boolean {
  return ifNoneMatch !== null && hasWeak(ifNoneMatch, current);
}

/** Strong comparison (RFC 9110 section 8.8.3.2): a weak tag matches nothing. */
function hasStrong(tags: Tags, current: string | null): boolean {
  if (current === null) return false;
  return tags === "*" || tags.some(({ opaque, isWeak }) => !isWeak && opaque === current);
}

function hasWeak(tags: Tags, current: string | null): boolean {
  if (current === null) return false;
  return tags === "*" || tags.some(({ opaque }) => opaque === current);
}
