import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Finding } from "./finding.ts";

/** Relative links of Markdown files lead to files that exist, and their anchors to headings that exist. */
export function brokenDocLinks(root: string, paths: readonly string[]): Finding[] {
  return paths.filter((file) => file.endsWith(".md")).flatMap((file) => brokenLinks(root, file));
}

function brokenLinks(root: string, file: string): Finding[] {
  const lines = withoutCode(readFileSync(path.join(root, file), "utf8")).split("\n");
  return lines.flatMap((text, index) => {
    return linksOf(text).flatMap((link) => {
      const message = whyBroken(root, file, link);
      return message === null ? [] : [{ path: file, line: index + 1, rule: "doc-links", message }];
    });
  });
}

// `[text](target)`, `![alt](target "title")` and `[name]: target`.
function linksOf(line: string): string[] {
  const inline = [...line.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const reference = [...line.matchAll(/^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)/g)];
  return [...inline, ...reference].flatMap(([, target]) =>
    target === undefined || isElsewhere(target) ? [] : [target],
  );
}

function isElsewhere(target: string): boolean {
  return /^[a-z][a-z0-9+.-]*:|^\/\//i.test(target);
}

function whyBroken(root: string, from: string, link: string): string | null {
  const [page = "", anchor] = link.split("#", 2).map(decodeURIComponent);
  const target = page === "" ? from : page.startsWith("/") ? page.slice(1) : path.join(path.dirname(from), page);
  const absolute = path.join(root, target);
  if (!existsSync(absolute)) return `${link}: no such file`;
  if (anchor === undefined || anchor === "" || statSync(absolute).isDirectory() || !target.endsWith(".md")) return null;
  return anchorsOf(readFileSync(absolute, "utf8")).has(anchor) ? null : `${link}: no such heading`;
}

// GitHub's anchors: lower case, punctuation gone, spaces to hyphens, and a number from the second of a name on.
function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const [, heading = ""] of withoutFences(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const [, id = ""] of markdown.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

// Blanked, not removed, so that line numbers stay true.
function withoutCode(markdown: string): string {
  return withoutFences(markdown).replace(/(`+)(?:(?!\1)[^\n])+\1/g, "");
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^( {0,3}|\s*[-*\d.]+\s+)(```+|~~~+)[^\n]*\n[\s\S]*?^\s*\2[^\n]*$/gm, (fence) =>
    fence.replace(/[^\n]/g, ""),
  );
}
