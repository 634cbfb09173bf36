import type { Anchor, SignedAnchor } from "../../domain/audit/anchor.ts";
import type { ChainPoint, Link } from "../../domain/audit/chain.ts";

/** The hash chain of one tenant: its only writer. Every operation may be repeated. */
export interface AuditLog {
  /** Seals entries in this order; one that is sealed already is passed over. */
  append(entries: { id: string; at: number; text: string }[]): Promise<void>;
  /** Where the chain begins (after what retention dropped) and ends. */
  span(): Promise<{ base: ChainPoint; end: ChainPoint }>;
  /** The links after a number, in order. */
  links(after: number, limit: number): Promise<Link[]>;
  /** Every anchor that was signed, in order. */
  anchors(): Promise<SignedAnchor[]>;
  /** Those of these entries that the chain has never seen. */
  unknown(entryIds: string[]): Promise<string[]>;
  /** Moves the beginning past every anchored segment whose entries are all older; how many entries that were. */
  dropBefore(time: number): Promise<number>;
  /** Entries that were dropped and not yet forgotten. */
  dropped(limit: number): Promise<Link[]>;
  /** Forgets dropped entries up to this number. */
  forget(throughSeq: number): Promise<void>;
}

export interface AuditLogs {
  of(tenantId: string): AuditLog;
}

/** What the platform vouches for with keys that no database holds. */
export interface AuditWitness {
  /** A code over an entry's text, made in the commit: it covers the time until the entry is sealed. */
  prove(text: string): string;
  isProven(text: string, proof: string | null): boolean;
  signAnchor(anchor: Anchor): Promise<string>;
  /** What a signed anchor says; null when it is not one of ours. */
  readAnchor(jws: string): Promise<Anchor | null>;
}
