// `npm run verify-audit -- <chain.jsonl> <jwks.json>`: verifies an exported audit chain (GET /v1/audit-entries/chain)
// with nothing but the platform's public keys (GET /.well-known/jwks.json). Exits with 1 when anything is wrong.

import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { verifyChainFile } from "./verify-audit/chain-file.ts";

const [chainPath, keysPath] = process.argv.slice(2);
if (chainPath === undefined || keysPath === undefined) {
  console.error("Usage: npm run verify-audit -- <chain.jsonl> <jwks.json>");
  process.exit(2);
}
const lines = createInterface({ input: createReadStream(chainPath, "utf8") });
const verdict = await verifyChainFile(lines, JSON.parse(readFileSync(keysPath, "utf8")));
console.log(JSON.stringify(verdict));
process.exit(verdict.valid ? 0 : 1);
