import type { Finding } from "../finding.ts";
import type { SourceFile } from "../source-file.ts";

/** Work left for later lives in an issue; the comment only points there. */
export function todoIssues(file: SourceFile): Finding[] {
  return file.comments
    .filter(({ value }) => /\b(?:TODO|FIXME|XXX|HACK)\b/.test(value) && !/#\d+/.test(value))
    .map(({ start }) => ({
      path: file.path,
      line: file.lineOf(start),
      rule: "todo-issues",
      message: "a TODO names its issue: `TODO(#12): ...`",
    }));
}
