import { base32, ID_ALPHABET, idOf } from "../kernel/id.ts";

// Where the runs of a distributed Map live: many of them in one object, since an object of its own costs a run more than
// most items do. The id of such a run says which object has it, so none is looked up.

/** Objects of one map run. Each has six connections at once, and a thread of its own where the platform has one to give. */
const OBJECTS = 64;
/** Neighbours live together, so that few calls start a wave; no more of them than an object has connections. */
const NEIGHBOURS = 4;

const INDEX_CHARACTERS = 5;
/** No run that was given its id by the clock has it, and one that got it by chance lives as well in the object it names. */
const MARK = "map";
const MAP_CHARACTERS = 26 - MARK.length - INDEX_CHARACTERS;
const MAP_CHILD = new RegExp(`^run_([0-9a-z]{${MAP_CHARACTERS}})${MARK}([0-9a-z]{${INDEX_CHARACTERS}})$`);

/** An object, and which of its runs; 0 where it has only one. */
export interface RunPlace {
  object: string;
  run: number;
}

/**
 * The ids of the runs that map run `key` of `parentRunId` starts, by the index of their item or batch: a repeated start finds the
 * same run.
 */
export function mapChildIds(tenantId: string, parentRunId: string, key: string): (index: number) => string {
  const map = idOf("run", `${tenantId}\n${parentRunId}/${key}`).slice(0, "run_".length + MAP_CHARACTERS);
  return (index) => `${map}${MARK}${base32(index, INDEX_CHARACTERS)}`;
}

export function placeOf(runId: string): RunPlace {
  const [, map] = MAP_CHILD.exec(runId) ?? [];
  if (map === undefined) return { object: runId, run: 0 };
  const index = indexOfMapChild(runId);
  const block = Math.floor(index / NEIGHBOURS);
  const run = 1 + Math.floor(block / OBJECTS) * NEIGHBOURS + (index % NEIGHBOURS);
  return { object: `run_${map}${MARK}${block % OBJECTS}`, run };
}

/** Of the item or batch that the run was started for. */
export function indexOfMapChild(runId: string): number {
  return [...runId.slice(-INDEX_CHARACTERS)].reduce((sum, character) => sum * 32 + ID_ALPHABET.indexOf(character), 0);
}
