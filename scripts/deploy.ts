// `npm run deploy -- staging` or `-- production`: migrations first (they only add, so the version still running does not
// mind), then the Worker, then a look at /ready. Further arguments go to `wrangler deploy`. docs/deploy.md says what must
// exist before.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { styleText } from "node:util";

const root = path.dirname(import.meta.dirname);
const ENVIRONMENTS = ["staging", "production"];
const PLACEHOLDER = "00000000-0000-4000-8000-000000000000";
// A new version is on the whole network within a minute.
const MAX_HEALTH_MS = 60_000;
const HEALTH_PAUSE_MS = 2_000;

try {
  const [, , environment = "", ...further] = process.argv as string[];
  await deploy(environment, further);
} catch (error) {
  console.error(styleText("red", error instanceof Error ? error.message : String(error)));
  process.exit(1);
}

async function deploy(environment: string, further: readonly string[]): Promise<void> {
  if (!ENVIRONMENTS.includes(environment)) throw new Error(`Usage: npm run deploy -- ${ENVIRONMENTS.join(" | ")}`);
  requireDatabase(environment);
  const version = execFileSync("git", ["describe", "--always", "--dirty"], { cwd: root, encoding: "utf8" }).trim();
  wrangler(["d1", "migrations", "apply", "DB", "--remote", "--env", environment]);
  wrangler(["deploy", "--minify", "--env", environment, "--tag", version, "--message", `Weft ${version}`, ...further]);
  const health = process.env.DEPLOY_HEALTH_URL ?? "";
  if (health !== "") await awaitHealthy(health, environment);
}

function requireDatabase(environment: string): void {
  const config = readFileSync(path.join(root, "wrangler.toml"), "utf8");
  const sections = config.split(/^(?=\[)/m);
  const database = sections.find((section) => section.startsWith(`[[env.${environment}.d1_databases]]`)) ?? "";
  if (database === "" || database.includes(PLACEHOLDER)) {
    throw new Error(`wrangler.toml holds no database_id for ${environment}: docs/deploy.md, step 2, makes one.`);
  }
}

function wrangler(args: readonly string[]): void {
  const bin = path.join(root, "node_modules/.bin");
  const PATH = `${bin}${path.delimiter}${process.env.PATH ?? ""}`;
  try {
    execFileSync(path.join(bin, "wrangler"), args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH } });
  } catch {
    throw new Error(`Stopped: wrangler ${args.slice(0, 3).join(" ")} failed. Nothing after it was done.`);
  }
}

async function awaitHealthy(url: string, environment: string): Promise<void> {
  for (const deadline = Date.now() + MAX_HEALTH_MS; Date.now() < deadline; await pause(HEALTH_PAUSE_MS)) {
    const status = await fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
      (response) => response.status,
      () => null,
    );
    if (status === 200) {
      console.log(`${url} is ready`);
      return;
    }
    console.log(`${url} answered ${status ?? "nothing"}`);
  }
  throw new Error(`${url} did not become ready. Go back with: npx wrangler rollback --env ${environment}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
