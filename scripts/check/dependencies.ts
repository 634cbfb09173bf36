import { execFile } from "node:child_process";
import { failed, type Outcome, ok } from "./step.ts";

interface Audit {
  metadata?: { vulnerabilities?: Record<string, number> };
  vulnerabilities?: Record<string, { name: string; severity: string; isDirect: boolean; range: string }>;
}

const REFUSED = ["high", "critical"];
const PATIENCE_MS = 20_000;

/** Asks the registry for known vulnerabilities of what is deployed. A registry that does not answer skips the step, and says so. */
export async function knownVulnerabilities(root: string): Promise<Outcome> {
  const audit = parsed(await npmAudit(root));
  if (audit?.metadata?.vulnerabilities === undefined) {
    return { status: "absent", summary: "skipped: the registry does not answer", details: "" };
  }
  const found = Object.values(audit.vulnerabilities ?? {});
  const grave = found.filter(({ severity }) => REFUSED.includes(severity));
  const summary = `${found.length} known, ${grave.length} grave`;
  if (grave.length === 0) return ok(summary);
  return failed(grave.map(({ name, range, severity }) => `${severity}: ${name} ${range}`).join("\n"), summary);
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

function parsed(text: string): Audit | null {
  try {
    return JSON.parse(text) as Audit;
  } catch {
    return null;
  }
}
