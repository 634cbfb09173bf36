import type { Node } from "oxc-parser";
import type { Finding } from "../finding.ts";
import { placeOf } from "../layer.ts";
import { type SourceFile, walk } from "../source-file.ts";
import { globalUses, isIdentifier } from "./global-use.ts";

const AMBIENT = [
  "fetch",
  "Date.now",
  "Math.random",
  "performance",
  "crypto",
  "process",
  "console",
  "setTimeout",
  "setInterval",
  "queueMicrotask",
];

/** domain/ calculates: time, chance and the outside arrive as arguments; only domain/workflows may await. */
export function pureDomain(file: SourceFile): Finding[] {
  const place = placeOf(file.path);
  if (place?.layer !== "domain") return [];
  const at = ({ start }: Node, message: string): Finding => {
    return { path: file.path, line: file.lineOf(start), rule: "pure-domain", message };
  };
  const findings = AMBIENT.flatMap((name) => {
    return globalUses(file, name).map((node) => at(node, `${name} in domain/: take it as an argument`));
  });
  walk(file.program, (node) => {
    if (readsClock(node)) findings.push(at(node, "the current date in domain/: take `now` as an argument"));
    if (place.folder !== "workflows" && waits(node))
      findings.push(at(node, "domain/ may await only in domain/workflows"));
  });
  return findings;
}

function readsClock(node: Node): boolean {
  if (node.type === "NewExpression") return isIdentifier(node.callee, "Date") && node.arguments.length === 0;
  return node.type === "CallExpression" && isIdentifier(node.callee, "Date");
}

function waits(node: Node): boolean {
  return "async" in node && node.async === true;
}
