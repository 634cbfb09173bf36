import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from "jose";
import { Anchor, anchorFault, isNextAnchor, type SignedAnchor } from "../../domain/audit/anchor.ts";
import {
  CHAIN_START,
  type ChainEntry,
  type ChainFault,
  type ChainPoint,
  entryText,
  follow,
} from "../../domain/audit/chain.ts";

// What the platform's own verification does, from a file: entries against the chain, the chain against the signed anchors.

type Line =
  | { kind: "chain"; tenantId: string; base: ChainPoint }
  | { kind: "anchor"; jws: string }
  | { kind: "entry"; seq: number; entryId: string; hash: string; entry: ChainEntry | null };

export interface Verdict {
  valid: boolean;
  entries: number;
  anchors: number;
  firstBrokenId: string | null;
  fault: ChainFault | null;
}

export async function verifyChainFile(lines: AsyncIterable<string>, keys: JSONWebKeySet): Promise<Verdict> {
  const anchors: SignedAnchor[] = [];
  const hashAt = new Map<number, string>();
  let base = CHAIN_START;
  let at = base;
  const verdict = (fault: ChainFault | null, firstBrokenId: string | null): Verdict => {
    return { valid: fault === null, entries: at.seq - base.seq, anchors: anchors.length, firstBrokenId, fault };
  };
  let tenantId: string | null = null;
  for await (const text of lines) {
    if (text === "") continue;
    const line = JSON.parse(text) as Line;
    switch (line.kind) {
      case "chain":
        ({ tenantId, base } = line);
        at = base;
        break;
      case "anchor": {
        const signed = await signedAnchor(line.jws, keys);
        if (signed === null || signed.anchor.tenantId !== tenantId || !isNextAnchor(anchors.at(-1), signed)) {
          return verdict("anchor", signed?.anchor.lastEntryId ?? null);
        }
        anchors.push(signed);
        break;
      }
      case "entry": {
        const entry = line.entry?.id === line.entryId && line.entry.tenantId === tenantId ? line.entry : null;
        const next = follow(at, line, entry === null ? undefined : entryText(entry));
        if (typeof next === "string") return verdict(next, line.entryId);
        at = next;
        hashAt.set(at.seq, at.hash);
        break;
      }
      default:
        line satisfies never;
    }
  }
  const found = anchorFault(anchors, { base, end: at, hashAt });
  return verdict(found?.fault ?? null, found?.entryId ?? null);
}

async function signedAnchor(jws: string, keys: JSONWebKeySet): Promise<SignedAnchor | null> {
  try {
    const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(keys), { algorithms: ["EdDSA"] });
    if (protectedHeader.typ !== "weft-audit-anchor") return null;
    return { jws, anchor: Anchor.parse(JSON.parse(new TextDecoder().decode(payload))) };
  } catch {
    return null;
  }
}
