import { isJsonObject } from "../../kernel/json.ts";
import type { MapRunSettings, WrittenFile } from "./event.ts";
import { charactersOf } from "./payload.ts";
import type { ResultFile, ResultFiles } from "./state.ts";

// What a distributed Map's ResultWriter puts into its store: files of the children that succeeded, as these end.
//   F1  A child stands in one file, and a file that is full never changes: written again after a crash it is the same.
//   F2  A run holds what small children answered for at most MAX_FULL_FILES files and those under way. What large ones
//       answered it never holds: it rests with the child until its file is written.

/** AWS: a file has at most 5 GB. Ours are put together in memory. */
const MAX_FILE_CHARACTERS = 4_000_000;
/** A store that is slower than the children holds back their starts. */
const MAX_FULL_FILES = 4;

/** Whether the ResultWriter names a place for files. Without one it only transforms what is the state's result. */
export function hasResultStore({ writer }: MapRunSettings): boolean {
  return isJsonObject(writer?.arguments) && typeof writer.arguments.Bucket === "string";
}

export function noResultFiles(): ResultFiles {
  return { written: [], full: [], filling: null };
}

/** `key` is that of the map run. */
export function addToFile(files: ResultFiles, key: string, child: ResultFile["children"][number]): void {
  const characters = child.record?.characters ?? charactersOf(child.output);
  const { filling } = files;
  const isFull = filling !== null && filling.characters + characters > MAX_FILE_CHARACTERS;
  if (isFull || (filling !== null && filling.key !== key)) closeFile(files);
  files.filling ??= { key, children: [], characters: 0 };
  files.filling.children.push(child);
  files.filling.characters += characters;
}

/** Also where it has room: no more is to come. */
export function closeFile(files: ResultFiles): void {
  if (files.filling !== null) files.full.push(files.filling);
  files.filling = null;
}

export function takeWrittenFile(files: ResultFiles, file: WrittenFile): void {
  files.full.shift();
  files.written.push(file);
}

export function isHeldBack(files: ResultFiles | undefined): boolean {
  return files !== undefined && files.full.length >= MAX_FULL_FILES;
}
