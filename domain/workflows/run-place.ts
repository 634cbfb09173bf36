import { base32, ID_ALPHABET, idOf } from "../kernel/id.ts";

// Where runs live: alone in an object, or many in one, since an object of its own costs a run more than most of them do. The id of
// a run says which object has it, so none is looked up.

/** Objects of one map run. Each has six connections at once, and a thread of its own where the platform has one to give. */
const OBJECTS = 64;
/** Neighbours live together, so that few calls start a wave; no more of them than an object has connections. */
const NEIGHBOURS = 4;

/** As many as an object has connections: with one thing under way each, none waits for another's. */
export const ROOMMATES = 6;

const ID_CHARACTERS = 26;
// No run that was given its id by the clock has a mark, and one that got it by chance lives as well in the object it names.
const MAP_MARK = "map";
const INDEX_CHARACTERS = 5;
const MAP_CHARACTERS = ID_CHARACTERS - MAP_MARK.length - INDEX_CHARACTERS;
const MAP_CHILD = new RegExp(`^run_([0-9a-z]{${MAP_CHARACTERS}})${MAP_MARK}([0-9a-z]{${INDEX_CHARACTERS}})$`);
const ROOM_MARK = "mate";
const ROOM_CHARACTERS = ID_CHARACTERS - ROOM_MARK.length - 1;
const ROOMMATE = new RegExp(`^(run_[0-9a-z]{${ROOM_CHARACTERS}})${ROOM_MARK}([0-9a-z])$`);

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
  return (index) => `${map}${MAP_MARK}${base32(index, INDEX_CHARACTERS)}`;
}

/** The ids of runs that live in one object, which the new id `room` names; the first is number 1. */
export function roommateId(room: string, run: number): string {
  return `${room.slice(0, "run_".length + ROOM_CHARACTERS)}${ROOM_MARK}${base32(run, 1)}`;
}

/** Whether a run of this definition, as text, may have several things under way: then it needs the connections of an object. */
export function fansOut(definition: string): boolean {
  return /"Type"\s*:\s*"(?:Map|Parallel)"/.test(definition);
}

export function placeOf(runId: string): RunPlace {
  const [, map] = MAP_CHILD.exec(runId) ?? [];
  if (map === undefined) return placeInRoom(runId);
  const index = indexOfMapChild(runId);
  const block = Math.floor(index / NEIGHBOURS);
  const run = 1 + Math.floor(block / OBJECTS) * NEIGHBOURS + (index % NEIGHBOURS);
  return { object: `run_${map}${MAP_MARK}${block % OBJECTS}`, run };
}

function placeInRoom(runId: string): RunPlace {
  const [, object, run] = ROOMMATE.exec(runId) ?? [];
  return object === undefined || run === undefined ? { object: runId, run: 0 } : { object, run: numberOf(run) };
}

/** Of the item or batch that the run was started for. */
export function indexOfMapChild(runId: string): number {
  return numberOf(runId.slice(-INDEX_CHARACTERS));
}

function numberOf(characters: string): number {
  return [...characters].reduce((sum, character) => sum * 32 + ID_ALPHABET.indexOf(character), 0);
}
