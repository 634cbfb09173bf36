import * as z from "zod";
import { sha256Hex } from "../kernel/digest.ts";
import { HOUR_MS } from "../kernel/time.ts";
import type { ChainFault, ChainPoint } from "./chain.ts";

// Signed statements of where a chain stood, kept where the log is not: without them a cut tail or a chain that was computed
// anew would look whole.
//   N1  anchors are numbered from 1; each begins where the one before ended and carries its digest.
//   N2  an anchor is made after 1,000 entries, and an hour after the first entry that none covers.

export const Anchor = z
  .object({
    tenantId: z.string(),
    number: z.int().min(1),
    from: z.int().min(1).meta({ description: "The first entry it covers" }),
    to: z.int().min(1).meta({ description: "The last entry it covers" }),
    head: z.string().meta({ description: "The chain's hash at `to`" }),
    lastEntryId: z.string(),
    previous: z.string().nullable().meta({ description: "SHA-256 of the anchor before, as it was signed" }),
    at: z.int(),
  })
  .meta({ id: "AuditAnchor", description: "A signed statement of where the chain stood" });
export type Anchor = z.infer<typeof Anchor>;

/** An anchor as it was signed (JWS, compact form) and what it says. */
export interface SignedAnchor {
  jws: string;
  anchor: Anchor;
}

const ANCHOR_ENTRIES = 1_000;
export const ANCHOR_EVERY_MS = HOUR_MS;

export function isAnchorDue(uncovered: { entries: number; since: number }, now: number): boolean {
  if (uncovered.entries === 0) return false;
  return uncovered.entries >= ANCHOR_ENTRIES || now - uncovered.since >= ANCHOR_EVERY_MS;
}

export function anchorDigest(jws: string): string {
  return sha256Hex(jws);
}

/** Whether an anchor goes on where the one before ended (N1). */
export function isNextAnchor(previous: SignedAnchor | undefined, { anchor }: SignedAnchor): boolean {
  if (previous === undefined) return anchor.number === 1 && anchor.from === 1 && anchor.previous === null;
  return (
    anchor.number === previous.anchor.number + 1 &&
    anchor.from === previous.anchor.to + 1 &&
    anchor.to >= anchor.from &&
    anchor.previous === anchorDigest(previous.jws)
  );
}

/** What the anchors say of a chain that ends at `end`, after its links have been followed through `hashAt`. */
export function anchorFault(
  anchors: readonly SignedAnchor[],
  chain: { base: ChainPoint; end: ChainPoint; hashAt: ReadonlyMap<number, string> },
): { fault: ChainFault; entryId: string | null } | null {
  const { base } = chain;
  const atBase = anchors.find(({ anchor }) => anchor.to === base.seq);
  // Retention drops whole anchored segments: a chain that begins anywhere else has lost its beginning.
  if (base.seq > 0 && atBase === undefined) return { fault: "cut", entryId: anchors[0]?.anchor.lastEntryId ?? null };
  for (const { anchor } of anchors) {
    if (anchor.to < base.seq) continue;
    if (anchor.to > chain.end.seq) return { fault: "cut", entryId: anchor.lastEntryId };
    const hash = anchor.to === base.seq ? base.hash : chain.hashAt.get(anchor.to);
    if (hash !== anchor.head) return { fault: "anchor", entryId: anchor.lastEntryId };
  }
  return null;
}
