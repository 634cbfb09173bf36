export interface BillingPeriod {
  start: number;
  /** The first moment that no longer belongs to it. */
  end: number;
}

// The first of a month, midnight UTC: a tenant without a subscription is counted by calendar month.
const CALENDAR = Date.UTC(1970, 0, 1);

/** The month-long period around `now` of a subscription that began at `anchorAt`. A day that a month lacks is its last. */
export function billingPeriod(anchorAt: number | null, now: number): BillingPeriod {
  const anchor = new Date(anchorAt ?? CALENDAR);
  const at = new Date(now);
  let month = (at.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + at.getUTCMonth() - anchor.getUTCMonth();
  if (nthStart(anchor, month) > now) month -= 1;
  return { start: nthStart(anchor, month), end: nthStart(anchor, month + 1) };
}

function nthStart(anchor: Date, month: number): number {
  const year = anchor.getUTCFullYear();
  const target = anchor.getUTCMonth() + month;
  const lastDay = new Date(Date.UTC(year, target + 1, 0)).getUTCDate();
  const timeOfDay = anchor.getTime() - Date.UTC(year, anchor.getUTCMonth(), anchor.getUTCDate());
  return Date.UTC(year, target, Math.min(anchor.getUTCDate(), lastDay)) + timeOfDay;
}
