import { SECOND_MS } from "../../domain/kernel/time.ts";
import { readTogether } from "../asked-together.ts";
import type { Database, ServiceContext } from "../context.ts";
import { type FoundVersion, loadVersion } from "./find-workflow.ts";

// What an isolate remembers of workflows, so that most starts need no database.
//   V1  A version never changes. Which one is the newest, and whether the workflow takes runs at all, is known for KEPT_MS; where
//       it was changed, the change counts at once.
//   V2  What was read while something changed is not remembered: it may be older than the change.
//   V3  What is remembered belongs to one tenant of one database.
//   V4  Starts that come together, and find nothing known, read it once.

const KEPT_MS = 3 * SECOND_MS;
/** A definition has at most about a million; an isolate has 128 MB. */
const MAX_CHARACTERS = 16_000_000;

interface Known {
  found: FoundVersion;
  until: number;
}

interface KnownVersions {
  /** The oldest first. */
  byKey: Map<string, Known>;
  characters: number;
  readOnce: ReturnType<typeof readTogether<FoundVersion>>;
}

const byDatabase = new WeakMap<Database, KnownVersions>();
let changes = 0;

/** A version that takes runs, the newest when none is named, as it was at most KEPT_MS ago. */
export function versionToStart(ctx: ServiceContext, name: string, version?: number): Promise<FoundVersion> {
  const key = `${keyOf(ctx, name)}/${version ?? ""}`;
  return knownOf(ctx).readOnce(
    key,
    () => find(ctx, key),
    () => readVersion(ctx, key, name, version),
  );
}

function find(ctx: ServiceContext, key: string): FoundVersion | null {
  const known = knownOf(ctx).byKey.get(key);
  return known !== undefined && known.until > ctx.clock.now() ? known.found : null;
}

async function readVersion(ctx: ServiceContext, key: string, name: string, version?: number): Promise<FoundVersion> {
  const [changesBefore, askedAt] = [changes, ctx.clock.now()];
  const found = await loadVersion(ctx, name, version);
  if (changes === changesBefore) remember(ctx, key, { found, until: askedAt + KEPT_MS });
  return found;
}

/** The workflow has a new version, has lost one, or is gone. */
export function forgetVersions(ctx: ServiceContext, name: string): void {
  changes++;
  const { byKey } = knownOf(ctx);
  for (const key of byKey.keys()) if (key.startsWith(`${keyOf(ctx, name)}/`)) forget(ctx, key);
}

function remember(ctx: ServiceContext, key: string, known: Known): void {
  const kept = knownOf(ctx);
  forget(ctx, key);
  kept.byKey.set(key, known);
  kept.characters += known.found.row.definition.length;
  for (const oldest of kept.byKey.keys()) {
    if (kept.characters <= MAX_CHARACTERS) break;
    forget(ctx, oldest);
  }
}

function forget(ctx: ServiceContext, key: string): void {
  const kept = knownOf(ctx);
  const known = kept.byKey.get(key);
  if (known === undefined) return;
  kept.byKey.delete(key);
  kept.characters -= known.found.row.definition.length;
}

function knownOf({ db }: ServiceContext): KnownVersions {
  let known = byDatabase.get(db);
  if (known === undefined) {
    known = { byKey: new Map(), characters: 0, readOnce: readTogether() };
    byDatabase.set(db, known);
  }
  return known;
}

/** Names of workflows have no slash. */
function keyOf({ tenant }: ServiceContext, name: string): string {
  return `${tenant.id}/${name}`;
}
