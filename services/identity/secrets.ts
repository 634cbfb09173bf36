import { hmacSha256Hex, sha256Hex } from "../../domain/kernel/digest.ts";
import type { PlatformContext } from "../context.ts";

const SECRET_BYTES = 32;

/** A random secret of 256 bits that the platform hands out and keeps only as a digest. */
export function newSecret(platform: PlatformContext, prefix: string): string {
  return prefix + Buffer.from(platform.random.bytes(SECRET_BYTES)).toString("hex");
}

/** The successor that a spent refresh token and its salt name: neither yields it alone. */
export function successorOf(refreshToken: string, salt: string): string {
  return `rt_${hmacSha256Hex(refreshToken, salt)}`;
}

export function digestOf(secret: string): string {
  return sha256Hex(secret);
}

/** The challenge of a PKCE verifier, method S256 (RFC 7636 section 4.2). */
export function codeChallengeOf(codeVerifier: string): string {
  return Buffer.from(sha256Hex(codeVerifier), "hex").toString("base64url");
}
