import { hmacSha1, secretEquals } from "../kernel/digest.ts";
import { SECOND_MS } from "../kernel/time.ts";

// Time-based one-time codes: RFC 6238 with the values that every authenticator app knows, SHA-1, 30 seconds, 6 digits.
//   T1  the step before and the step after are taken too: clocks differ, and typing takes time (section 5.2).
//   T2  a step is taken once: no code works after the one that worked, nor any before it.

const STEP_MS = 30 * SECOND_MS;
const DIGITS = 6;
const DRIFT_STEPS = 1;
export const SECRET_BYTES = 20;

/** RFC 4226 section 5.3. */
export function codeAt(secret: Uint8Array, step: number): string {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const digest = hmacSha1(secret, new Uint8Array(counter.buffer));
  const offset = (digest.at(-1) ?? 0) & 0x0f;
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  const number = view.getUint32(offset) & 0x7fffffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, "0");
}

export function stepAt(now: number): number {
  return Math.floor(now / STEP_MS);
}

/** The step that the code belongs to, newer than the last one taken; null when there is none. */
export function matchingStep(secret: Uint8Array, code: string, now: number, lastStep: number): number | null {
  const present = stepAt(now);
  let found: number | null = null;
  for (let step = present - DRIFT_STEPS; step <= present + DRIFT_STEPS; step++) {
    if (secretEquals(codeAt(secret, step), code) && step > lastStep) found = step;
  }
  return found;
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648 section 6, without padding: what apps take when a person types it. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31];
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

/** What an authenticator app reads from a QR code. */
export function otpauthUrl(secret: Uint8Array, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=6&period=30`;
}
