import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";

const LINES = 40;
const EVERY_MS = 5;

// It passes in either case. What it proves is that the run ends: see quiet-console.ts.
test("a file of tests ends while an object still logs", async () => {
  const gate = env.TENANT_GATE.get(env.TENANT_GATE.idFromName("late-log"));
  const first = await runInDurableObject(gate, () => {
    let line = 0;
    const timer = setInterval(() => {
      console.log(`late line ${++line}`);
      if (line === LINES) clearInterval(timer);
    }, EVERY_MS);
    return line;
  });
  expect(first).toBe(0);
});
