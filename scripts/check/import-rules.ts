// Who may import whom. STYLE in one table: each layer lists the packages it may use and judges each file of ours that it
// imports. An answer is a sentence that says what is wrong, or null.
//   I1  a layer imports only the layers and packages its row names; a package nobody listed is refused.
//   I2  an area imports only itself and the areas before it.
//   I3  tables stay in their area; another area's table.ts is met only by a table.ts, for a foreign key.
//   I4  nothing that is deployed imports tests or scripts.

import type { Finding } from "./finding.ts";
import { AREAS, areaRank, type Layer, type Place, placeOf } from "./layer.ts";
import type { Import, SourceFile } from "./source-file.ts";

const SHARED_WITH_ADAPTERS = ["context.ts", "ports.ts", "within.ts"];

interface Row {
  mayUse(packageName: string, from: string): boolean;
  judge(from: Place, to: Place): string | null;
}

const ROWS: Record<Layer, Row> = {
  domain: {
    mayUse: (name, from) =>
      name === "zod" ||
      (name === "node:crypto" && from === "domain/kernel/digest.ts") ||
      (name === "jsonata" && from.startsWith("domain/workflows/expression/")),
    judge(from, to) {
      if (to.layer !== "domain") return `domain/ may not import ${to.layer}/`;
      if (to.folder === "kernel") return null;
      if (from.folder === "kernel") return "the kernel may import only the kernel";
      return judgeAreas(from, to);
    },
  },
  services: {
    mayUse: (name) => name === "zod" || name === "drizzle-orm" || name.startsWith("drizzle-orm/"),
    judge(from, to) {
      if (to.layer === "domain") return to.folder === "kernel" || from.folder === null ? null : judgeAreas(from, to);
      if (to.layer !== "services") return `services/ may not import ${to.layer}/`;
      if (to.folder === null) return null;
      if (from.folder === null) return judgeSharedService(from, to);
      if (isTable(to) && to.folder !== from.folder && !isTable(from)) {
        return "another area's table may be imported only by a table.ts, for a foreign key";
      }
      return judgeAreas(from, to);
    },
  },
  adapters: {
    mayUse: () => true,
    judge(from, to) {
      if (to.layer === "domain" || to.layer === "adapters") return null;
      if (to.layer !== "services") return `adapters/ may not import ${to.layer}/`;
      if (isCompose(from)) return isTable(to) ? "compose.ts joins verbs and ports, not tables" : null;
      if ((to.folder === null && SHARED_WITH_ADAPTERS.includes(to.rest)) || isPorts(to)) return null;
      return "adapters/ may import only context.ts, within.ts and ports.ts of services/";
    },
  },
  "durable-objects": {
    mayUse: (name) => name === "zod" || name === "cloudflare:workers",
    judge(_from, to) {
      if (to.layer === "adapters" && !isCompose(to)) return "durable-objects/ may import only compose.ts of adapters/";
      return to.layer === "workers" ? "durable-objects/ may not import workers/" : null;
    },
  },
  workers: {
    mayUse: (name) =>
      name === "zod" ||
      name === "hono" ||
      name.startsWith("hono/") ||
      name === "zod-openapi" ||
      name === "cloudflare:workers",
    judge(from, to) {
      if (to.layer === "adapters" && !isCompose(to)) return "workers/ may import only compose.ts of adapters/";
      if (to.layer === "services" && isTable(to)) return "workers/ may not import tables: call a verb";
      const isMain = from.folder === null && from.rest === "main.ts";
      return to.layer === "durable-objects" && !isMain ? "only workers/main.ts may import the object classes" : null;
    },
  },
};

// The two files of services/ that serve every area. The door to a write inserts audit and outbox rows itself.
const TABLES_OF_COMMIT = ["audit", "jobs"];

function judgeSharedService(from: Place, to: Place): string | null {
  if (isPorts(to)) return null;
  if (isTable(to) && from.rest === "commit.ts" && TABLES_OF_COMMIT.some((area) => area === to.folder)) return null;
  return `services/${from.rest} serves every area: of an area it may import only ports.ts`;
}

function judgeAreas(from: Place, to: Place): string | null {
  if (from.folder === null || to.folder === null || from.folder === to.folder) return null;
  const [fromRank, toRank] = [areaRank(from.folder), areaRank(to.folder)];
  if (fromRank === -1) return `${from.layer}/${from.folder} is not an area: the areas are ${AREAS.join(", ")}`;
  if (toRank === -1) return `${to.layer}/${to.folder} is not an area: the areas are ${AREAS.join(", ")}`;
  return toRank > fromRank ? `${from.folder} comes before ${to.folder}: publish an event or declare a port` : null;
}

const isTable = (place: Place): boolean => place.folder !== null && place.rest === "table.ts";
const isPorts = (place: Place): boolean => place.folder !== null && place.rest === "ports.ts";
const isCompose = (place: Place): boolean => place.layer === "adapters" && place.rest === "compose.ts";

export function importRules(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const from = placeOf(file.path);
    if (from === null) return [];
    return file.imports.flatMap((imported) => {
      const message = judgeImport(file.path, from, imported);
      return message === null ? [] : [{ path: file.path, line: imported.line, rule: "imports", message }];
    });
  });
}

function judgeImport(path: string, from: Place, { specifier, target }: Import): string | null {
  const row = ROWS[from.layer];
  if (target === null) return row.mayUse(specifier, path) ? null : `${from.layer}/ may not import "${specifier}"`;
  const to = placeOf(target);
  if (to === null) return `${from.layer}/ may not import ${target}: it is not part of what is deployed`;
  return row.judge(from, to);
}
