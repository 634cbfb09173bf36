import type { Finding } from "../finding.ts";
import { placeOf } from "../layer.ts";
import type { SourceFile } from "../source-file.ts";
import { globalUses } from "./global-use.ts";

const THE_DOOR = "adapters/outbound/safe-fetch.ts";

/** Every outgoing call passes the guard against forged targets, so the global `fetch` is named in one file alone. */
export function bareFetch(file: SourceFile): Finding[] {
  if (placeOf(file.path) === null || file.path === THE_DOOR) return [];
  return globalUses(file, "fetch").map(({ start }) => ({
    path: file.path,
    line: file.lineOf(start),
    rule: "bare-fetch",
    message: `the global fetch reaches any address: go through ${THE_DOOR}`,
  }));
}
