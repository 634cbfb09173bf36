import { DAY_MS } from "../kernel/time.ts";

// A year and the weeks in which it is audited.
const DEFAULT_DAYS = 400;
const MIN_DAYS = 30;
const MAX_DAYS = 3_650;

/** How long a tenant keeps its audit entries: its setting `auditRetentionDays`, within what the platform allows. */
export function auditRetentionMs(settings: Readonly<Record<string, unknown>>): number {
  const days = settings.auditRetentionDays;
  if (typeof days !== "number" || !Number.isInteger(days)) return DEFAULT_DAYS * DAY_MS;
  return Math.min(MAX_DAYS, Math.max(MIN_DAYS, days)) * DAY_MS;
}
