import type { Finding } from "../finding.ts";
import { areaRank, placeOf } from "../layer.ts";

const NAMELESS = ["utils", "util", "helpers", "common", "lib", "misc", "types", "shared"];
const TOP_FOLDERS = [
  "workers",
  "durable-objects",
  "services",
  "domain",
  "adapters",
  "console",
  "migrations",
  "test",
  "docs",
  "examples",
  "ops",
  "sdk",
  "scripts",
  ".ci",
];

/** A folder is named after the noun it holds: the top folders are the plan of the house, the second level its areas. */
export function folderNames(paths: readonly string[]): Finding[] {
  return paths.flatMap((path) => {
    const message = judge(path);
    return message === null ? [] : [{ path, line: 1, rule: "folder-names", message }];
  });
}

function judge(path: string): string | null {
  const folders = path.split("/").slice(0, -1);
  const nameless = folders.find((folder) => NAMELESS.includes(folder));
  if (nameless !== undefined) return `a folder named "${nameless}" says nothing: name the noun it holds`;
  const [top] = folders;
  if (top !== undefined && !TOP_FOLDERS.includes(top)) return `"${top}/" is not in the plan of the house`;
  const place = placeOf(path);
  if (place === null || place.folder === null || place.folder === "kernel") return null;
  const hasAreas = place.layer === "domain" || place.layer === "services";
  return hasAreas && areaRank(place.folder) === -1 ? `${place.layer}/${place.folder} is not one of the areas` : null;
}
