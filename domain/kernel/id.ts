import { sha256Hex } from "./digest.ts";
import type { Clock } from "./time.ts";

/** The prefix of each noun's id. */
export type IdPrefix =
  | "usr"
  | "ten"
  | "key"
  | "ses"
  | "inv"
  | "wf"
  | "run"
  | "rev"
  | "sch"
  | "trg"
  | "kb"
  | "doc"
  | "chk"
  | "agt"
  | "tool"
  | "cnv"
  | "msg"
  | "job"
  | "whe"
  | "whd"
  | "flg"
  | "exp"
  | "aud"
  | "fbk"
  | "evt"
  | "req"
  | "cmpl"
  | "evl";

export interface Ids {
  /** A new id: prefix, then 10 characters of time and 16 of chance, so that ids of one noun sort by age. */
  next(prefix: IdPrefix): string;
}

// Crockford's base 32: no i, l, o, u, so that an id survives being read aloud.
/** Each of them five bits, and in the order of what they stand for. */
export const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_CHARACTERS = 10;
const CHANCE_BYTES = 16;

/** Ids from a clock and a source of random bytes. */
export function idsFrom(clock: Clock, fill: (bytes: Uint8Array<ArrayBuffer>) => void): Ids {
  const bytes = new Uint8Array(CHANCE_BYTES);
  return {
    next(prefix) {
      fill(bytes);
      let chance = "";
      for (const byte of bytes) chance += ID_ALPHABET[byte & 31];
      return `${prefix}_${base32(clock.now(), TIME_CHARACTERS)}${chance}`;
    },
  };
}

/** A number in that many characters of an id, so that texts sort as their numbers do. */
export function base32(number: number, characters: number): string {
  let text = "";
  for (let rest = number; text.length < characters; rest = Math.floor(rest / 32)) text = ID_ALPHABET[rest % 32] + text;
  return text;
}

/** Whether the text has the form of an id of that noun. Anything else is answered like an absent id, without a look-up. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(prefix.length + 1));
}

/** An id that is the same for the same text: for what a client names itself, so that the name leads to it without a look-up. */
export function idOf(prefix: IdPrefix, text: string): string {
  const digest = Buffer.from(sha256Hex(text), "hex");
  let characters = "";
  for (const byte of digest.subarray(0, TIME_CHARACTERS + CHANCE_BYTES)) characters += ID_ALPHABET[byte & 31];
  return `${prefix}_${characters}`;
}
