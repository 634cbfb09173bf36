import * as z from "zod";
import type { Actor } from "../kernel/actor.ts";
import { type Role, roleAllows, Scope } from "../kernel/permission.ts";

// The form of a key: `weft_live_`, 30 base62 characters of chance (178 bits), 6 of CRC-32 over all that stands before.
//   K1  a text with a wrong checksum is no key: refused before any look-up, and known to secret scanners.
//   K2  only the digest is stored; prefix and last four tell keys apart.

export const KEY_PREFIX = "weft_live_";
const CHANCE_CHARACTERS = 30;
const CHECKSUM_CHARACTERS = 6;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
// The largest multiple of 62 in a byte: bytes beyond it are drawn again, or the first letters would come more often.
const UNBIASED_BYTES = 248;
const SHOWN_CHARACTERS = 4;
const MAX_OVERLAP_SECONDS = 7 * 86_400;

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(Scope),
    prefix: z.string().meta({ description: "How the key begins", example: "weft_live_3kTf" }),
    lastFour: z.string(),
    createdBy: z.string().meta({ description: "The member whose present role bounds the key" }),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable(),
    replacedBy: z.string().nullable().meta({ description: "The key that rotation put in its place" }),
    awsAccessKeyId: z.string().optional().meta({ description: "With `awsSigV4`: the key's id" }),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.infer<typeof ApiKey>;

export const CreatedApiKey = ApiKey.extend({
  key: z.string().meta({ description: "The key itself, shown this once" }),
  awsSecretAccessKey: z.string().optional().meta({ description: "With `awsSigV4`: shown this once" }),
}).meta({ id: "CreatedApiKey" });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const NewApiKey = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    scopes: z.array(Scope).min(1).max(64),
    expiresAt: z.iso.datetime({ offset: true }).optional(),
    awsSigV4: z.boolean().optional().meta({ description: "The key may also sign requests as AWS clients do" }),
  })
  .meta({ id: "NewApiKey" });
export type NewApiKey = z.infer<typeof NewApiKey>;

export const ApiKeyRotation = z
  .strictObject({
    overlapSeconds: z.number().int().min(0).max(MAX_OVERLAP_SECONDS).default(0).meta({
      description: "How long the old key stays valid beside the new one",
    }),
  })
  .meta({ id: "ApiKeyRotation" });
export type ApiKeyRotation = z.infer<typeof ApiKeyRotation>;

/** A new key from a source of random bytes. */
export function newApiKey(randomBytes: (count: number) => Uint8Array): string {
  let chance = "";
  while (chance.length < CHANCE_CHARACTERS) {
    for (const byte of randomBytes(CHANCE_CHARACTERS)) {
      if (byte < UNBIASED_BYTES && chance.length < CHANCE_CHARACTERS) chance += BASE62[byte % 62];
    }
  }
  return withChecksum(KEY_PREFIX + chance);
}

/** Whether the text has the form and the checksum of a key. Says nothing about whether it exists. */
export function isApiKeyForm(text: string): boolean {
  if (!/^weft_live_[0-9A-Za-z]{36}$/.test(text)) return false;
  return withChecksum(text.slice(0, -CHECKSUM_CHARACTERS)) === text;
}

export function shownParts(key: string): { prefix: string; lastFour: string } {
  return { prefix: key.slice(0, KEY_PREFIX.length + SHOWN_CHARACTERS), lastFour: key.slice(-SHOWN_CHARACTERS) };
}

/** The scopes that the actor may not hand on: a key never mints beyond itself, a member never beyond the role. */
export function scopesBeyond(actor: Extract<Actor, { role: Role }>, scopes: readonly Scope[]): Scope[] {
  return scopes.filter((scope) => {
    if (actor.kind === "api-key" && !actor.scopes.includes("*") && !actor.scopes.includes(scope)) return true;
    return scope === "*" ? actor.role !== "owner" : !roleAllows(actor.role, scope);
  });
}

function withChecksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let i = 0; i < CHECKSUM_CHARACTERS; i++) {
    digits = BASE62[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return text + digits;
}

/** CRC-32 as in IEEE 802.3, of ASCII text. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
