import { sha256Hex } from "../kernel/digest.ts";
import { canonicalJson, type Json } from "../kernel/json.ts";

// The hash chain of a tenant's audit log.
//   H1  hash = SHA-256(hash of the one before, newline, canonical JSON of the entry); the first follows 64 zeros.
//   H2  entries are numbered from 1 without gaps, in the order in which they were sealed.
//   H3  an entry's text is the same before it is stored and after it was read back.
//   H4  what an entry tells about a person is in its text as it rests, sealed: without the person's key nobody reads it any
//       more, and the chain still holds. Entries of before that have no such member.

export interface ChainEntry {
  id: string;
  tenantId: string;
  at: number;
  action: string;
  actorType: string;
  actorId: string;
  targetType: string | null;
  targetId: string | null;
  ip: string | null;
  userAgent: string | null;
  requestId: string;
  details?: Record<string, unknown> | null | undefined;
  /** Address, device and details about a person, sealed. */
  personal?: string | null | undefined;
}

/** An entry's place in the chain. */
export interface Link {
  seq: number;
  entryId: string;
  hash: string;
}

/** Where a chain stands: the last number and hash. */
export interface ChainPoint {
  seq: number;
  hash: string;
}

export const CHAIN_START: ChainPoint = { seq: 0, hash: "0".repeat(64) };

export type ChainFault = "altered" | "removed" | "inserted" | "out-of-order" | "cut" | "anchor";

/** The canonical JSON (RFC 8785) that is hashed, exactly the columns of an entry. */
export function entryText(entry: ChainEntry): string {
  const { id, tenantId, at, action, actorType, actorId, targetType, targetId, ip, userAgent, requestId } = entry;
  const plain = { id, tenantId, at, action, actorType, actorId, targetType, targetId, ip, userAgent, requestId };
  // What JSON does not carry (undefined, dates) would be gone or changed once the entry is read back.
  const details = entry.details === undefined ? null : (JSON.parse(JSON.stringify(entry.details)) as Json);
  const { personal } = entry;
  return canonicalJson({ ...plain, details, ...(typeof personal === "string" && { personal }) });
}

export function linkHash(previousHash: string, text: string): string {
  return sha256Hex(`${previousHash}\n${text}`);
}

/** The next point of the chain, or what is wrong with the link. `text` is undefined when the entry is gone. */
export function follow(at: ChainPoint, link: Link, text: string | undefined): ChainPoint | ChainFault {
  if (link.seq !== at.seq + 1) return "out-of-order";
  if (text === undefined) return "removed";
  if (linkHash(at.hash, text) !== link.hash) return "altered";
  return { seq: link.seq, hash: link.hash };
}
