import type { SecretBox } from "../../services/ports.ts";
import type { VersionedKey } from "../config.ts";

const IV_BYTES = 12;

/**
 * AES-256-GCM with the key's version in front: `version.iv.ciphertext`, base64url. The first key seals, every key opens, so a
 * new key is put first and the old one stays until what it sealed is sealed again. `context` is authenticated, not stored.
 */
export function aesGcmSecretBox(keys: readonly VersionedKey[]): SecretBox {
  const imported = new Map<string, Promise<CryptoKey>>();
  const keyOf = (version: string): Promise<CryptoKey> => {
    const known = imported.get(version);
    if (known !== undefined) return known;
    const key = keys.find((candidate) => candidate.version === version);
    if (key === undefined) throw new Error(`No encryption key has the version ${version}`);
    const promise = crypto.subtle.importKey("raw", key.bytes.slice(0, 32), "AES-GCM", false, ["encrypt", "decrypt"]);
    imported.set(version, promise);
    return promise;
  };
  return {
    async seal(plain, context) {
      const version = keys[0]?.version ?? "";
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const algorithm = { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(context) };
      const sealed = await crypto.subtle.encrypt(algorithm, await keyOf(version), new TextEncoder().encode(plain));
      return [version, Buffer.from(iv).toString("base64url"), Buffer.from(sealed).toString("base64url")].join(".");
    },
    async open(sealed, context) {
      const [version = "", iv = "", text = ""] = sealed.split(".");
      const algorithm = {
        name: "AES-GCM",
        iv: new Uint8Array(Buffer.from(iv, "base64url")),
        additionalData: new TextEncoder().encode(context),
      };
      const plain = await crypto.subtle.decrypt(
        algorithm,
        await keyOf(version),
        new Uint8Array(Buffer.from(text, "base64url")),
      );
      return new TextDecoder().decode(plain);
    },
    withKey: (bytes) => aesGcmSecretBox([{ version: "1", bytes }]),
  };
}
