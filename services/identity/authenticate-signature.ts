import { and, eq } from "drizzle-orm";
import {
  readSignatureClaim,
  type SignatureRefusal,
  type SignedRequest,
  signatureRefusal,
} from "../../domain/identity/sigv4.ts";
import { isId } from "../../domain/kernel/id.ts";
import type { PlatformContext } from "../context.ts";
import { findApiKeyPrincipal } from "./api-key-principal.ts";
import { awsSecrets } from "./aws-secrets.ts";
import { type Principal, principalOf } from "./principals.ts";
import { apiKeys } from "./table.ts";

export type SignatureVerdict =
  | { admitted: true; principal: Principal }
  | { admitted: false; reason: SignatureRefusal | "unknown-key" };

/** Who signed the request. The signature is judged before the key is looked up, so a forgery costs no read. */
export async function authenticateSignature(
  platform: PlatformContext,
  request: SignedRequest,
): Promise<SignatureVerdict> {
  const claim = readSignatureClaim(request.headers.get("authorization") ?? "");
  if (claim === null) return { admitted: false, reason: "incomplete" };
  const { accessKeyId } = claim;
  if (!isId("key", accessKeyId)) return { admitted: false, reason: "unknown-key" };
  const now = platform.clock.now();
  const refusal = signatureRefusal(request, claim, awsSecrets(platform, accessKeyId), now);
  if (refusal !== null) return { admitted: false, reason: refusal };
  const principal = await principalOf(`aws:${accessKeyId}`, now, () =>
    findApiKeyPrincipal(platform, and(eq(apiKeys.id, accessKeyId), eq(apiKeys.awsSigV4, true))),
  );
  return principal === null ? { admitted: false, reason: "unknown-key" } : { admitted: true, principal };
}
