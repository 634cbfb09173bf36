import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { problem } from "../../domain/kernel/problem.ts";
import type { PasswordHasher } from "../../services/identity/ports.ts";
import type { VersionedKey } from "../config.ts";

// Records: `$scrypt$ln=14,r=8,p=5,k=<pepper>$<salt>$<HMAC-SHA-256(pepper, scrypt)>`, base64 without padding.
//   P1  the parameters stand in the record, so they may grow: a login with weaker ones asks for a rehash.
//   P2  the pepper is a secret outside the database; its version stands in the record, so it may be changed.
//   P3  a hash is admitted only when its turn comes: a burst of logins waits or is refused, other requests run in between.

// OWASP Password Storage: 2^14, r=8, p=5 asks 16 MiB, the row that fits an isolate of 128 MB. About 120 ms.
const COST: Cost = { ln: 14, r: 8, p: 5 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MAX_MEMORY_BYTES = 64 * 1_048_576;

// scrypt runs on the isolate's one thread, asynchronous or not: one start each 125 ms leaves it to others in between.
const TURN_MS = 125;
const TURNS_AT_ONCE = 4;
// A client that has waited longer than this has gone.
const MAX_WAIT_MS = 10_000;

interface Cost {
  ln: number;
  r: number;
  p: number;
}

interface HashRecord extends Cost {
  pepper: string;
  salt: Buffer;
  hash: Buffer;
}

export interface ScryptOptions {
  /** The first is used for new hashes, all for verifying. */
  peppers: readonly VersionedKey[];
  /** Of new hashes; what was hashed at another cost is hashed anew at the next login. */
  cost?: Cost;
  /** Shared by all hashing of an isolate, since they share its thread. */
  turn?: () => Promise<void>;
}

/** Guards nothing: for test suites that sign in hundreds of people. */
export const CHEAP: Omit<ScryptOptions, "peppers"> = { cost: { ln: 4, r: 8, p: 1 }, turn: async () => {} };

export function scryptPasswordHasher({ peppers, cost = COST, turn = turnOfIsolate }: ScryptOptions): PasswordHasher {
  const [current] = peppers;
  if (current === undefined) throw new Error("No pepper to hash passwords with.");
  const nobody: HashRecord = {
    ...cost,
    pepper: current.version,
    salt: Buffer.alloc(SALT_BYTES),
    hash: Buffer.alloc(HASH_BYTES),
  };

  async function matches(password: string, record: HashRecord): Promise<boolean> {
    const pepper = peppers.find(({ version }) => version === record.pepper);
    if (pepper === undefined) throw new Error(`The pepper ${record.pepper} of a stored password is not configured.`);
    await turn();
    return timingSafeEqual(await peppered(password, record, pepper), record.hash);
  }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      await turn();
      const hash = await peppered(password, { ...cost, salt }, current);
      return format({ ...cost, pepper: current.version, salt, hash });
    },

    async verify(password, stored) {
      const record = parse(stored);
      const isMatch = await matches(password, record ?? nobody);
      if (record === null || !isMatch) return { matches: false, needsRehash: false };
      const { ln, r, p } = cost;
      const isCurrent = record.ln === ln && record.r === r && record.p === p && record.pepper === current.version;
      return { matches: true, needsRehash: !isCurrent };
    },

    async verifyNobody(password) {
      await matches(password, nobody);
    },
  };
}

/** Spaces the starts of expensive work; the wait is each caller's own, so a caller that goes away holds nothing. */
export function turns(now: () => number, wait: (ms: number) => Promise<void>): () => Promise<void> {
  let nextAt = 0;
  return async () => {
    const at = Math.max(nextAt, now());
    const waitMs = at - now() - (TURNS_AT_ONCE - 1) * TURN_MS;
    if (waitMs > MAX_WAIT_MS)
      throw problem("unavailable", { detail: "Too many sign-ins at once.", retryAfterSeconds: 5 });
    nextAt = at + TURN_MS;
    if (waitMs > 0) await wait(waitMs);
  };
}

const turnOfIsolate = turns(
  () => Date.now(),
  (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
);

function peppered(
  password: string,
  { ln, r, p, salt }: Cost & { salt: Buffer },
  pepper: VersionedKey,
): Promise<Buffer> {
  const options = { N: 2 ** ln, r, p, maxmem: MAX_MEMORY_BYTES };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, options, (error, key) => {
      if (error) reject(error);
      else resolve(createHmac("sha256", pepper.bytes).update(key).digest());
    });
  });
}

function format({ ln, r, p, pepper, salt, hash }: HashRecord): string {
  return `$scrypt$ln=${ln},r=${r},p=${p},k=${pepper}$${base64(salt)}$${base64(hash)}`;
}

function parse(stored: string): HashRecord | null {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2}),k=(\w{1,16})\$([\w+/]+)\$([\w+/]{43})$/.exec(stored);
  if (match === null) return null;
  const [, ln, r, p, pepper = "", salt = "", hash = ""] = match;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  return { ...cost, pepper, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
