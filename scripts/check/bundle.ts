import { existsSync } from "node:fs";
import path from "node:path";
import { runTool } from "./command.ts";
import { failed, type Outcome, ok } from "./step.ts";

// The budget of the design: a Worker this small starts within its 100 ms of CPU.
const MAX_GZIP_KIB = 1536;

/** Builds what `npm run deploy` would upload for one environment, with no account, and holds it against the budget. */
export async function deployDryRun(root: string, environment: string): Promise<Outcome> {
  const outdir = path.join("node_modules/.cache/weft", `bundle-${environment}`);
  const { ok: built, output } = await runTool(root, "wrangler", [
    ...["deploy", "--dry-run", "--minify", "--env", environment, "--outdir", outdir],
  ]);
  if (!built) return failed(output);
  const gzipKib = Number(/Total Upload: .*? \/ gzip: ([\d.]+) KiB/.exec(output)?.[1]);
  if (!existsSync(path.join(root, outdir)) || Number.isNaN(gzipKib)) return failed(`no bundle size in:\n${output}`);
  const summary = `${gzipKib.toFixed(0)} KiB gzip of ${MAX_GZIP_KIB}`;
  return gzipKib <= MAX_GZIP_KIB ? ok(summary) : failed(`The bundle is over its budget: ${summary}`, summary);
}
