import * as z from "zod";
import { DAY_MS, SECOND_MS } from "../kernel/time.ts";

// A session is a family of refresh tokens (RFC 9700 section 4.14.2).
//   S1  a token is used once: its use mints the one successor.
//   S2  the last spent token, shown again within the grace, gets that same successor: two tabs raced, or an answer was lost.
//   S3  any other use of a spent token ends the session: someone else holds a copy.
//   S4  no token outlives its session, and no session its absolute life.

export const ACCESS_TOKEN_SECONDS = 900;
export const SESSION_LIFE_MS = 30 * DAY_MS;
export const IDLE_LIFE_MS = 7 * DAY_MS;
export const REFRESH_GRACE_MS = 10 * SECOND_MS;

export const Session = z
  .object({
    id: z.string(),
    tenantId: z.string(),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    createdAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    isCurrent: z.boolean(),
  })
  .meta({ id: "Session", description: "One sign-in, on one device" });
export type Session = z.infer<typeof Session>;

export const RefreshRequest = z
  .strictObject({ refreshToken: z.string().min(1).max(512) })
  .meta({ id: "RefreshRequest" });

export const TokenPair = z
  .object({ accessToken: z.string(), expiresIn: z.number().int(), refreshToken: z.string() })
  .meta({ id: "TokenPair" });
export type TokenPair = z.infer<typeof TokenPair>;

export interface PresentedToken {
  usedAt: number | null;
  expiresAt: number;
  session: { endedAt: number | null; expiresAt: number };
  /** Whether the token that replaced this one has been used itself; null while there is none. */
  isSuccessorUsed: boolean | null;
}

export type RefreshDecision = "rotate" | "repeat" | "refuse" | "reuse";

export function refreshDecision(token: PresentedToken, now: number): RefreshDecision {
  if (token.session.endedAt !== null || token.session.expiresAt <= now) return "refuse";
  if (token.usedAt === null) return token.expiresAt > now ? "rotate" : "refuse";
  const isImmediateParent = token.isSuccessorUsed === false;
  return isImmediateParent && now - token.usedAt <= REFRESH_GRACE_MS ? "repeat" : "reuse";
}

export function refreshExpiry(now: number, sessionExpiresAt: number): number {
  return Math.min(now + IDLE_LIFE_MS, sessionExpiresAt);
}
