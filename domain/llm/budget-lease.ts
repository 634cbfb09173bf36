import type { Settlement, WantedBudget } from "./budget-book.ts";

// What one isolate holds of a tenant's budgets: money that it may set aside for calls without asking the ledger.
//   L1  what a lease pays for was taken from the budgets before it was lent: all leases together never pay for more than there is.
//   L2  a lease pays for new calls until it ends, LEASE_MS after it was asked for or with the month, and never after.
//   L3  what calls cost is told together, for all that have ended by then. What no call has asked for since goes back with that.
//   L4  a call is expected to cost as much above its worst case as any before it did: an estimate that was wrong once is wrong again.
//   L5  what could not be told is told with the next telling. Its lease pays for nothing new.

export const LEASE_MS = 2_000;
/** What a first call may cost, in worst cases: providers count pictures, files and tools as they like. */
const UNKNOWN_EXCESS = 3;
/** One file of a thousand pages does not keep all other calls from being made at once. */
const MAX_EXCESS = 100;

export interface BudgetLease {
  id: string;
  budgets: readonly WantedBudget[];
  startedAt: number;
  until: number;
  /** Whether it pays for more than the call that it was asked for. */
  isLent: boolean;
  /** For calls to come. */
  leftUsdMicros: number;
  /** For calls under way. */
  heldUsdMicros: number;
  /** By calls that have ended, and not told yet. */
  spentUsdMicros: number;
  /** Whether a call has ended, or a telling may have been lost, since it was told. */
  isUntold: boolean;
}

/** An isolate as the ledger of one tenant knows it. */
export interface Lessee {
  leases: BudgetLease[];
  /** Calls that were paid for. */
  taken: number;
  /** Set aside since the ledger was asked last: the next lease should cover twice as much. */
  takenUsdMicros: number;
  /** How many times its worst case a call has cost, at most and at least once; `null` before the first has ended. */
  excess: number | null;
  /** When a call that had ended last began to see that all are told. */
  watchedAt: number;
}

export function newLessee(): Lessee {
  return { leases: [], taken: 0, takenUsdMicros: 0, excess: null, watchedAt: Number.NEGATIVE_INFINITY };
}

/** What a call is to be paid for with, by what calls have cost so far. */
export function expectedUsdMicros({ excess }: Lessee, worstUsdMicros: number): number {
  return Math.ceil(worstUsdMicros * (excess ?? UNKNOWN_EXCESS));
}

export function learnCost(lessee: Lessee, worstUsdMicros: number, costUsdMicros: number): void {
  if (costUsdMicros === 0) return;
  lessee.excess = Math.min(MAX_EXCESS, Math.max(1, lessee.excess ?? 1, costUsdMicros / worstUsdMicros));
}

/** The lease that pays for a call, its money set aside; `null` when none of these budgets has enough left. */
export function takeFrom(
  lessee: Lessee,
  budgets: readonly WantedBudget[],
  usdMicros: number,
  now: number,
): BudgetLease | null {
  const lease = lessee.leases.find(
    (one) => one.isLent && one.leftUsdMicros >= usdMicros && one.until > now && areSame(one.budgets, budgets),
  );
  if (lease === undefined) return null;
  lease.leftUsdMicros -= usdMicros;
  lease.heldUsdMicros += usdMicros;
  lessee.taken++;
  lessee.takenUsdMicros += usdMicros;
  return lease;
}

/** What to ask for beside the money of a call: nothing where calls are rare. */
export function spareWanted(lessee: Lessee, usdMicros: number): number {
  const spare = 2 * lessee.takenUsdMicros;
  lessee.takenUsdMicros = usdMicros;
  return spare;
}

/** Takes in what the ledger granted for a call, and lent beside it. */
export function openLease(
  lessee: Lessee,
  asked: Pick<BudgetLease, "id" | "budgets" | "startedAt">,
  granted: { usdMicros: number; spareUsdMicros: number },
  monthEnd: number,
): BudgetLease {
  const lease: BudgetLease = {
    ...asked,
    until: Math.min(asked.startedAt + LEASE_MS, monthEnd),
    isLent: granted.spareUsdMicros > 0,
    leftUsdMicros: granted.spareUsdMicros,
    heldUsdMicros: granted.usdMicros,
    spentUsdMicros: 0,
    isUntold: false,
  };
  lessee.leases.push(lease);
  lessee.taken++;
  return lease;
}

export function endCall(lease: BudgetLease, heldUsdMicros: number, costUsdMicros: number): void {
  lease.heldUsdMicros -= heldUsdMicros;
  lease.leftUsdMicros += heldUsdMicros - costUsdMicros;
  lease.spentUsdMicros += costUsdMicros;
  lease.isUntold = true;
}

/** What to tell the ledger of the calls that have ended. Where no call came for a while, all that is not held goes back with it. */
export function settlementsDue(lessee: Lessee, isQuiet: boolean, now: number): Settlement[] {
  if (isQuiet) lessee.takenUsdMicros = 0;
  const due = lessee.leases.flatMap((one) => settlementOf(one, isQuiet || !one.isLent || one.until <= now));
  lessee.leases = lessee.leases.filter((one) => one.leftUsdMicros > 0 || one.heldUsdMicros > 0);
  return due;
}

function settlementOf(lease: BudgetLease, isGivenBack: boolean): Settlement[] {
  const hasNews = lease.isUntold || (isGivenBack && lease.leftUsdMicros > 0);
  if (isGivenBack) lease.leftUsdMicros = 0;
  if (!hasNews) return [];
  const { id, budgets, startedAt, spentUsdMicros: costUsdMicros } = lease;
  lease.spentUsdMicros = 0;
  lease.isUntold = false;
  return [{ id, budgets, startedAt, costUsdMicros, keptUsdMicros: keptBy(lease) }];
}

/** Nobody knows whether the settlements arrived. */
export function takeBack(lessee: Lessee, leases: readonly BudgetLease[], settlements: readonly Settlement[]): void {
  for (const { id, costUsdMicros } of settlements) {
    const lease = leases.find((one) => one.id === id);
    if (lease === undefined) continue;
    lease.spentUsdMicros += costUsdMicros;
    lease.leftUsdMicros = 0;
    lease.isUntold = true;
    if (!lessee.leases.includes(lease)) lessee.leases.push(lease);
  }
}

/** A call may have cost more than was held for it, at the expense of those to come. */
function keptBy({ leftUsdMicros, heldUsdMicros }: BudgetLease): number {
  return Math.max(heldUsdMicros, leftUsdMicros + heldUsdMicros);
}

function areSame(a: readonly WantedBudget[], b: readonly WantedBudget[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, usdMicrosPerMonth }, at) => b[at]?.name === name && b[at].usdMicrosPerMonth === usdMicrosPerMonth)
  );
}
