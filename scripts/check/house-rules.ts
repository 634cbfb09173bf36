import type { Finding } from "./finding.ts";
import { bareFetch } from "./house-rules/bare-fetch.ts";
import { envReads } from "./house-rules/env-reads.ts";
import { folderNames } from "./house-rules/folder-names.ts";
import { moduleShape } from "./house-rules/module-shape.ts";
import { pureDomain } from "./house-rules/pure-domain.ts";
import { tenantFilter } from "./house-rules/tenant-filter.ts";
import { todoIssues } from "./house-rules/todo-issues.ts";
import type { SourceFile } from "./source-file.ts";

const RULES_OF_A_FILE = [bareFetch, envReads, moduleShape, pureDomain, todoIssues];

/** What reviews would otherwise repeat; each rule is one file beside this one. */
export function houseRules(paths: readonly string[], files: readonly SourceFile[]): Finding[] {
  const ofFiles = files.flatMap((file) => RULES_OF_A_FILE.flatMap((rule) => rule(file)));
  return [...folderNames(paths), ...ofFiles, ...tenantFilter(files)];
}
