import { createHash, createHmac, hash, timingSafeEqual } from "node:crypto";

export type HashAlgorithm = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

/** Lower-case hexadecimal digest of UTF-8 text or bytes. */
export function hexDigest(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  // In one go: a hash that is made to be added to takes half as long again.
  return hash(algorithm, data, "hex");
}

export function sha256Hex(data: string | Uint8Array): string {
  return hexDigest("sha256", data);
}

/** Lower-case hexadecimal HMAC-SHA-256. */
export function hmacSha256Hex(key: string | Uint8Array, data: string | Uint8Array): string {
  return createHmac("sha256", key).update(data).digest("hex");
}

/** HMAC-SHA-1, for the one-time codes whose standard fixes it (RFC 4226); for nothing else. */
export function hmacSha1(key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac("sha1", key).update(data).digest();
}

/** Compares two secrets in time that depends on neither: both are hashed first, so lengths may differ. */
export function secretEquals(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}
