import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What the demo tenant is reached with. Members appear one by one while it is being set up. */
export interface Credentials {
  email: string;
  password: string;
  tenantId?: string;
  apiKey?: string;
  knowledgeBaseId?: string;
  workflow?: string;
}

/** Beside the state it belongs to, so that removing the folder removes both. */
export function credentialsFile(state: string): string {
  return path.join(state, "demo.json");
}

export function readCredentials(state: string): Credentials | null {
  try {
    return JSON.parse(readFileSync(credentialsFile(state), "utf8"));
  } catch {
    return null;
  }
}

export function writeCredentials(state: string, credentials: Credentials): void {
  mkdirSync(state, { recursive: true });
  const file = credentialsFile(state);
  writeFileSync(file, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  // The mode above counts only for a file that is new.
  chmodSync(file, 0o600);
}
