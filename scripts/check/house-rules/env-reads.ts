import type { Node } from "oxc-parser";
import type { Finding } from "../finding.ts";
import { placeOf } from "../layer.ts";
import { type SourceFile, walk } from "../source-file.ts";
import { globalUses, isIdentifier, memberName } from "./global-use.ts";

const READERS = ["adapters/compose.ts", "adapters/config.ts"];

/** Bindings, variables and secrets are read in two files, so what a deployment needs can be seen in one look. */
export function envReads(file: SourceFile): Finding[] {
  if (placeOf(file.path) === null || READERS.includes(file.path)) return [];
  const nodes = globalUses(file, "process.env");
  walk(file.program, (node) => {
    if (node.type === "MemberExpression" && isEnv(node.object)) nodes.push(node);
    if (node.type === "VariableDeclarator" && node.id.type === "ObjectPattern" && isEnv(node.init)) nodes.push(node);
  });
  return nodes.map(({ start }) => ({
    path: file.path,
    line: file.lineOf(start),
    rule: "env-reads",
    message: `the environment is read only in ${READERS.join(" and ")}`,
  }));
}

// `env.X`, `c.env.X`, `this.env.X`; handing `env` itself on to compose.ts is not a read.
function isEnv(node: Node | null): boolean {
  return node !== null && (isIdentifier(node, "env") || memberName(node) === "env");
}
