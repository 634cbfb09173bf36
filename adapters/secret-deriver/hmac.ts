import { hmacSha256Hex } from "../../domain/kernel/digest.ts";
import type { SecretDeriver } from "../../services/identity/ports.ts";
import type { VersionedKey } from "../config.ts";

/** Secrets as HMAC-SHA-256 of their purpose under each master key, so that nothing needs to be stored and a rotation breaks none. */
export function hmacSecretDeriver(keys: readonly VersionedKey[]): SecretDeriver {
  return {
    derive(purpose) {
      return keys.map(({ bytes }) =>
        Buffer.from(hmacSha256Hex(bytes, `derived-secret\n${purpose}`), "hex").toString("base64url"),
      );
    },
  };
}
