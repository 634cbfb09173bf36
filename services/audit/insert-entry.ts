import { type ChainEntry, entryText } from "../../domain/audit/chain.ts";
import type { Statement } from "../commit.ts";
import type { PlatformContext } from "../context.ts";
import { auditEntries } from "./table.ts";

/** The statement that adds an entry, unless one with its id stands there already. For acts that are told more than once. */
export function insertEntryOnce(platform: PlatformContext, entry: ChainEntry): Statement {
  const proof = platform.ports.auditWitness.prove(entryText(entry));
  return platform.db
    .insert(auditEntries)
    .values({ ...entry, proof })
    .onConflictDoNothing();
}
