import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { testSecrets } from "./test/support/secrets.ts";

// Bounds what hangs. Vitest's five seconds fail sound tests on a machine that does other work.
const HANG_MS = 30_000;

export default defineConfig({
  test: {
    silent: "passed-only",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/conformance/**/*.test.ts"],
          environment: "node",
          testTimeout: HANG_MS,
        },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            main: "./workers/main.ts",
            wrangler: { configPath: "./wrangler.toml" },
            remoteBindings: false,
            miniflare: {
              bindings: {
                ...testSecrets(),
                // The cost of a password is proved by the contract of its hasher.
                WEFT_CHEAP_PASSWORDS: "1",
                TEST_MIGRATIONS: await readD1Migrations(path.join(import.meta.dirname, "migrations")),
              },
            },
          })),
        ],
        test: {
          name: "workerd",
          include: ["test/workerd/**/*.test.ts", "test/contract/**/*.test.ts"],
          setupFiles: ["./test/support/quiet-console.ts", "./test/support/apply-migrations.ts"],
          disableConsoleIntercept: true,
          // One isolate a worker for all files: a fresh one costs over a second each, and every test makes its own tenant.
          isolate: false,
          // A runtime has one thread for its JavaScript, and two cores are what a laptop has at least.
          maxWorkers: 2,
          testTimeout: HANG_MS,
          hookTimeout: HANG_MS,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
