import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { brokenDocLinks } from "../../../scripts/check/doc-links.ts";
import type { Finding } from "../../../scripts/check/finding.ts";
import { houseRules } from "../../../scripts/check/house-rules.ts";
import { importCycles } from "../../../scripts/check/import-cycles.ts";
import { importRules } from "../../../scripts/check/import-rules.ts";
import { unsafeMigrations } from "../../../scripts/check/migrations.ts";
import { parseSource, readSources } from "../../../scripts/check/source-file.ts";

// Each fixture is a little house of its own. A line that breaks a rule says so: `// breaks: <rule> [<rule>]`.
describe("the import rules", () => {
  it("refuse each forbidden import and no other", () => {
    const house = fixture("imports");
    expect(places(importRules(readSources(house.root, house.paths)))).toEqual(marked(house));
  });

  it("find a ring of files, type imports included, and report its shortest path once", () => {
    const { root, paths } = fixture("cycles");
    expect(importCycles(readSources(root, paths))).toEqual([
      {
        path: "domain/llm/model.ts",
        line: 1,
        rule: "cycle",
        message: "domain/llm/model.ts -> domain/llm/price.ts -> domain/llm/provider.ts -> domain/llm/model.ts",
      },
    ]);
  });

  it("see a file that imports itself", () => {
    const file = parseSource("domain/llm/model.ts", 'import type { A } from "./model.ts";');
    expect(importCycles([file]).map(({ message }) => message)).toEqual(["domain/llm/model.ts -> domain/llm/model.ts"]);
  });

  it("pass a chain of 5,000 files that ends", () => {
    const chain = Array.from({ length: 5_000 }, (_, at) =>
      parseSource(`domain/llm/a${at}.ts`, `import "./a${at + 1}.ts";`),
    );
    expect(importCycles(chain)).toEqual([]);
  });
});

describe("the house rules", () => {
  it("refuse each marked line and no other", () => {
    const house = fixture("rules");
    expect(places(houseRules(house.paths, readSources(house.root, house.paths)))).toEqual(marked(house));
  });
});

describe("the link check", () => {
  it("reports links to pages, pictures and headings that do not exist", () => {
    const { root, paths } = fixture("docs");
    expect(brokenDocLinks(root, paths).map(({ path: file, line, message }) => `${file}:${line} ${message}`)).toEqual([
      "README.md:6 docs/absent.md: no such file",
      "README.md:6 docs/storage.md#absent: no such heading",
      "README.md:7 #absent: no such heading",
      "README.md:7 docs/absent.png: no such file",
      "README.md:9 docs/absent-too.md: no such file",
      "docs/storage.md:6 /docs/absent.md: no such file",
    ]);
  });
});

describe("the migration check", () => {
  it("refuses what could lose rows and passes what only adds", () => {
    const { root, paths } = fixture("migrations");
    const found = unsafeMigrations(root, paths);
    expect(found.map(({ path: file, line }) => `${path.basename(file)}:${line}`)).toEqual([
      "0001_rebuild.sql:1",
      "0001_rebuild.sql:2",
      "0001_rebuild.sql:3",
      "0001_rebuild.sql:4",
      "0001_rebuild.sql:5",
      "0002_lossy.sql:1",
      "0002_lossy.sql:5",
      "0002_lossy.sql:8",
    ]);
  });
});

interface Fixture {
  root: string;
  paths: string[];
}

function fixture(name: string): Fixture {
  const root = path.resolve(import.meta.dirname, "../../fixtures/house", name);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => path.relative(root, path.join(entry.parentPath, entry.name))).toSorted();
  return { root, paths };
}

function places(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ path: file, line, rule }) => `${file}:${line} ${rule}`))].toSorted();
}

function marked({ root, paths }: Fixture): string[] {
  const found = paths.flatMap((file) => {
    const lines = readFileSync(path.join(root, file), "utf8").split("\n");
    return lines.flatMap((text, index) => rulesBroken(text).map((rule) => `${file}:${index + 1} ${rule}`));
  });
  return found.toSorted();
}

function rulesBroken(line: string): string[] {
  const [, comment, value] = /\/\/ breaks: (.+)$|breaks = "([^"]+)"/.exec(line) ?? [];
  return (comment ?? value ?? "").split(" ").filter((rule) => rule !== "");
}
