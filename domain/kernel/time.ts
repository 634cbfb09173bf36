/** Where the time comes from. Milliseconds since 1970, UTC. */
export interface Clock {
  now(): number;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** ISO 8601 in UTC with milliseconds, the form of every `...At` on the wire. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
