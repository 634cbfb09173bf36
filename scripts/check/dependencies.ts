import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { AcceptedAdvisories, judgeAuditReport } from "./audit-report.ts";
import { failed, type Outcome } from "./step.ts";

const ACCEPTED = "scripts/check/accepted-advisories.json";
const PATIENCE_MS = 20_000;

/** Asks the registry for known vulnerabilities of what is deployed. */
export async function knownVulnerabilities(root: string): Promise<Outcome> {
  const accepted = AcceptedAdvisories.safeParse(JSON.parse(readFileSync(path.join(root, ACCEPTED), "utf8")));
  if (!accepted.success) return failed(accepted.error.message, `${ACCEPTED} cannot be read`);
  return judgeAuditReport(await npmAudit(root), accepted.data, new Date().toISOString().slice(0, 10));
}

function npmAudit(root: string): Promise<string> {
  const args = ["audit", "--omit=dev", "--json", "--fetch-retries=0", `--fetch-timeout=${PATIENCE_MS}`];
  return new Promise((resolve) => {
    // It ends with 1 when it found something: what it found is in the output either way.
    execFile("npm", args, { cwd: root, timeout: 2 * PATIENCE_MS, maxBuffer: 2 ** 26 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
}
