import { hmacSha256Hex } from "./digest.ts";
import { SECOND_MS } from "./time.ts";

const PREFIX = "whsec_";

/**
 * The headers that let a receiver know who sent `body` (Standard Webhooks 1.0.0). `id` has no dot and is the same over all
 * attempts; `at` is the time of this one.
 */
export function webhookHeaders(
  secret: string,
  message: { id: string; at: number; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(message.at / SECOND_MS));
  const signature = hmacSha256Hex(signingKey(secret), `${message.id}.${timestamp}.${message.body}`);
  return {
    "webhook-id": message.id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${Buffer.from(signature, "hex").toString("base64")}`,
  };
}

/** `whsec_` and base64 of the key; a secret of any other form is its own key. */
function signingKey(secret: string): Uint8Array | string {
  return secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), "base64") : secret;
}
