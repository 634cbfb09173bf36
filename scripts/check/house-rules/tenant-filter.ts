// Every query on a tenant's table filters by the tenant. Checked in services/, where all queries live:
//   T1  a table of services/*/table.ts with a `tenantId` column is a tenant's table.
//   T2  a chain that reads, updates or deletes such a table mentions a `tenantId`: in the chain itself, or in a value or
//       function that the chain names as a condition, of the same file or imported from services/.
//   T3  what is meant to cross tenants (sweeps, look-ups by secret) says so: `// across tenants: <why>` right above it.

import type { Node } from "oxc-parser";
import type { Finding } from "../finding.ts";
import { type SourceFile, walk } from "../source-file.ts";
import { memberName } from "./global-use.ts";

const TABLE_FILE = /^services\/[^/]+\/table\.ts$/;
const CROSSING = /^\s*across tenants: \S/;

export function tenantFilter(files: readonly SourceFile[]): Finding[] {
  const services = files.filter(({ path }) => path.startsWith("services/"));
  const tables = new Set(services.filter(({ path }) => TABLE_FILE.test(path)).flatMap(tenantTables));
  const scopes = scopesOf(services);
  return services
    .filter(({ path }) => !TABLE_FILE.test(path))
    .flatMap((file) => unfiltered(file, tables, scopes.get(file.path) ?? new Map()));
}

function tenantTables(file: SourceFile): string[] {
  const found: string[] = [];
  walk(file.program, (node) => {
    if (node.type !== "VariableDeclarator" || node.id.type !== "Identifier" || node.init?.type !== "CallExpression")
      return;
    const columns = node.init.arguments[1];
    if (columns !== undefined && hasKey(columns, "tenantId")) found.push(node.id.name);
  });
  return found;
}

function unfiltered(file: SourceFile, tables: ReadonlySet<string>, scope: Scope): Finding[] {
  const findings: Finding[] = [];
  walk(file.program, (node, ancestors) => {
    const table = queriedTable(node);
    if (table === null || !tables.has(table)) return;
    const chain = wholeChain(node, ancestors);
    if (mentionsTenant(chain, scope) || isMarked(file, chain)) return;
    const message = `${table} belongs to tenants: filter by ${table}.tenantId`;
    findings.push({ path: file.path, line: file.lineOf(node.end), rule: "tenant-filter", message });
  });
  return findings;
}

// db.select().from(T), db.update(T), db.delete(T), .innerJoin(T, on); db.query.T.findMany(...) reads through the name.
function queriedTable(node: Node): string | null {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return null;
  const method = memberName(node.callee) ?? "";
  if (method === "findMany" || method === "findFirst") {
    const { object } = node.callee;
    return object.type === "MemberExpression" && memberName(object.object) === "query" ? memberName(object) : null;
  }
  const [argument] = node.arguments;
  const isQuery = /^(?:from|update|delete|(?:inner|left|right|full)Join)$/.test(method);
  return isQuery && argument?.type === "Identifier" ? argument.name : null;
}

function wholeChain(node: Node, ancestors: readonly Node[]): Node {
  let top = node;
  for (const parent of ancestors.toReversed()) {
    const isLink = parent.type === "MemberExpression" && parent.object === top;
    const isCall = parent.type === "CallExpression" && parent.callee === top;
    if (!isLink && !isCall) break;
    top = parent;
  }
  return top;
}

function mentionsTenant(node: Node, scope: Scope, seen: Set<Node> = new Set()): boolean {
  let found = false;
  walk(node, (inner, ancestors) => {
    if (found) return;
    if (memberName(inner) === "tenantId" || (inner.type === "Property" && hasKey(inner, "tenantId"))) found = true;
    if (inner.type !== "Identifier" || !isCondition(inner, ancestors.at(-1))) return;
    const definition = scope.get(inner.name);
    if (definition === undefined || seen.has(definition.node)) return;
    seen.add(definition.node);
    found = mentionsTenant(definition.node, definition.scope, seen);
  });
  return found;
}

// A name is followed only where it stands for a condition, not where it is a value compared with a column.
function isCondition(node: Node, parent: Node | undefined): boolean {
  if (parent?.type !== "CallExpression") return false;
  if (parent.callee === node) return true;
  const { callee } = parent;
  const called = callee.type === "Identifier" ? callee.name : (memberName(callee) ?? "");
  return /^(?:where|and|or|(?:inner|left|right|full)Join)$/.test(called);
}

/** What the names of a file mean: its own values and functions, and those it imports from services/. */
type Scope = ReadonlyMap<string, Definition>;
interface Definition {
  node: Node;
  scope: Scope;
}

// Conditions may be named first (`const mine = eq(T.tenantId, ...)`) or made by a function (`mine(ctx)`).
function scopesOf(files: readonly SourceFile[]): ReadonlyMap<string, Scope> {
  const scopes = new Map(files.map((file) => [file.path, ownScope(file)]));
  for (const file of files) {
    for (const statement of file.program.body) {
      if (statement.type !== "ImportDeclaration") continue;
      const target = file.imports.find(({ specifier }) => specifier === statement.source.value)?.target ?? "";
      for (const imported of statement.specifiers) {
        if (imported.type !== "ImportSpecifier" || imported.imported.type !== "Identifier") continue;
        const definition = scopes.get(target)?.get(imported.imported.name);
        if (definition !== undefined) scopes.get(file.path)?.set(imported.local.name, definition);
      }
    }
  }
  return scopes;
}

function ownScope(file: SourceFile): Map<string, Definition> {
  const scope = new Map<string, Definition>();
  walk(file.program, (node) => {
    if (node.type === "FunctionDeclaration" && node.id !== null && node.body !== null) {
      scope.set(node.id.name, { node: node.body, scope });
    }
    if (node.type === "VariableDeclarator" && node.id.type === "Identifier" && node.init !== null) {
      scope.set(node.id.name, { node: node.init, scope });
    }
  });
  return scope;
}

function isMarked(file: SourceFile, chain: Node): boolean {
  const line = file.lineOf(chain.start);
  return file.comments.some(({ value, end }) => CROSSING.test(value) && [line, line - 1].includes(file.lineOf(end)));
}

function hasKey(node: Node, name: string): boolean {
  if (node.type === "Property") return node.key.type === "Identifier" && node.key.name === name;
  return node.type === "ObjectExpression" && node.properties.some((property) => hasKey(property, name));
}
