// The local values of what adapters/config.ts reads: `.dev.vars` in the project, over it the environment of the process.
// What must be secret is generated on the first start, so that a laptop needs nothing set up.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";

export type Variables = Record<string, string>;
type Environment = Readonly<Record<string, string | undefined>>;

const GENERATED: Readonly<Record<string, () => string>> = {
  OPERATOR_TOKEN: () => `op_${randomBytes(32).toString("base64url")}`,
  TOKEN_SIGNING_KEY: ed25519Key,
  PASSWORD_PEPPER: versionedKey,
  ENCRYPTION_KEY: versionedKey,
};

/** Reads `.dev.vars`, first adding every secret it lacks; values that stand there are never touched. */
export function localVariables(root: string, environment: Environment): Variables {
  const file = path.join(root, ".dev.vars");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const written = parsed(text);
  const missing = Object.entries(newSecrets()).filter(([name]) => (written[name] ?? "") === "");
  if (missing.length > 0) {
    const heading = text === "" ? "# Local secrets, generated on the first start. Never commit this file.\n" : "";
    const lines = missing.map(([name, value]) => `${name}=${quoted(value)}\n`).join("");
    const gap = text === "" || text.endsWith("\n") ? "" : "\n";
    appendFileSync(file, `${gap}${heading}${lines}`, { mode: 0o600 });
  }
  return { ...written, ...Object.fromEntries(missing), ...overrides(root, environment) };
}

/** A fresh value for everything that must be secret: for a server of a test, or for a new deployment. */
export function newSecrets(): Variables {
  return Object.fromEntries(Object.entries(GENERATED).map(([name, generate]) => [name, generate()]));
}

/** Bare where it can be, so that whoever cuts a secret out of the file has it as it is. */
function quoted(value: string): string {
  return /^[\w.:+/=-]+$/.test(value) ? value : `'${value}'`;
}

// .dev.vars.example names every setting there is; what else the environment holds is none of the Worker's business.
function overrides(root: string, environment: Environment): Variables {
  const names = Object.keys(parsed(readFileSync(path.join(root, ".dev.vars.example"), "utf8")));
  const set = names.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(set);
}

function parsed(text: string): Variables {
  const entries = Object.entries(parseEnv(text));
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function ed25519Key(): string {
  const key = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return JSON.stringify({ ...key, kid: randomBytes(9).toString("base64url"), alg: "EdDSA", use: "sig" });
}

// 32 bytes: the key length of AES-256 and of HMAC-SHA-256's full strength.
function versionedKey(): string {
  return `1:${randomBytes(32).toString("base64")}`;
}
