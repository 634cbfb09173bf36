import { secretEquals, sha256Hex } from "../../domain/kernel/digest.ts";
import type { PlatformContext } from "../context.ts";

/** Whether the token is the operator's secret, in time that tells nothing about it. */
export function isOperatorToken(platform: PlatformContext, token: string): boolean {
  return secretEquals(sha256Hex(token), platform.settings.operatorTokenDigest);
}
