// `npm test`: every suite. Vitest runs its projects one after another, so two of it run side by side: the Worker's own suite,
// in two runtimes, and the others. What the second prints follows the first.

import { spawn } from "node:child_process";

const GROUPS = [["workerd"], ["unit", "e2e"]];

interface Outcome {
  code: number;
  output: string;
}

if (process.argv.length > 2) {
  const { code } = await vitest(process.argv.slice(2), true);
  process.exit(code);
}

const startedAt = performance.now();
const outcomes = await Promise.all(
  GROUPS.map((projects, group) =>
    vitest(
      projects.flatMap((project) => ["--project", project]),
      group === 0,
    ),
  ),
);
for (const { output } of outcomes.slice(1)) process.stdout.write(output);
const passed = outcomes.reduce((sum, { output }) => sum + counted(output, "passed"), 0);
const failed = outcomes.reduce((sum, { output }) => sum + counted(output, "failed"), 0);
const ok = outcomes.every(({ code }) => code === 0);
console.log(`\nAll suites in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(ok ? 0 : 1);

function vitest(args: string[], isShown: boolean): Promise<Outcome> {
  const child = spawn("vitest", ["run", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk.toString());
      if (isShown) process.stdout.write(chunk);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output: chunks.join("") }));
  });
}

/** From Vitest's closing line, `Tests  2 failed | 36 passed (38)`. */
function counted(output: string, what: "passed" | "failed"): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with one
  const plain = output.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const line = /^\s*Tests\s+(.*)$/m.exec(plain)?.[1] ?? "";
  return Number(new RegExp(`(\\d+) ${what}`).exec(line)?.[1] ?? 0);
}
