import type { PlatformContext } from "../context.ts";

/** The secrets with which requests in the name of an API key may be signed; the first is the one that is shown. */
export function awsSecrets(platform: PlatformContext, keyId: string): string[] {
  return platform.ports.secretDeriver.derive(`aws-secret-access-key ${keyId}`);
}
