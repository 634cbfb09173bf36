import type { Finding } from "../finding.ts";
import type { SourceFile } from "../source-file.ts";

/** No `export *`, no re-exporting index, and a default export only where the platform asks for one. */
export function moduleShape(file: SourceFile): Finding[] {
  return file.program.body.flatMap((node) => {
    const at = (message: string): Finding[] => {
      return [{ path: file.path, line: file.lineOf(node.start), rule: "module-shape", message }];
    };
    if (node.type === "ExportDefaultDeclaration" && !mayExportDefault(file.path)) return at("export it by name");
    if (node.type === "ExportAllDeclaration") return at("no `export *`: import the file that defines the thing");
    const isReExport = node.type === "ExportNamedDeclaration" && node.source !== null && !isEntry(file.path);
    return isReExport ? at("no re-export: import the file that defines the thing") : [];
  });
}

function mayExportDefault(path: string): boolean {
  return isEntry(path) || /(?:^|\/)[a-z-]+\.config\.ts$/.test(path);
}

// workerd finds the handlers under `default` and the object classes among the exports of the entry.
function isEntry(path: string): boolean {
  return path === "workers/main.ts" || /^test\/.*\/worker\.ts$/.test(path);
}
