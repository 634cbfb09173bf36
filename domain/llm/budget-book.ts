import { budgetMonth } from "./budget.ts";

// Who may spend what of a tenant's budgets, in whole micro-dollars.
//   B1  spent + held never exceeds a budget: a call is let in only with a hold that every budget it touches has room for.
//   B2  a hold ends once: by what the call cost, or, when nobody ever tells, by its time.
//   B3  what a budget had spent before the book knew it is read from the bill; after a hold that nobody ended, and when the budget
//       is set anew, again.
//   B4  a month that ends takes its holds along: they belong to the bill of that month.
//   B5  a hold may be lent: its holder sets money of it aside for calls to come. A spare is an eighth of what is left at most, and
//       nothing where that pays for no call like the one that asks: near the end of a budget every call asks.

export interface WantedBudget {
  name: string;
  usdMicrosPerMonth: number;
}

export interface Reservation {
  id: string;
  budgets: readonly WantedBudget[];
  /** Without room for this much the call cannot be made at all. */
  leastUsdMicros: number;
  /** What the call costs at worst. It is given less where less is left. */
  worstUsdMicros: number;
  /** What the holder would like to have for calls to come. */
  spareUsdMicros: number;
}

export type Grant =
  | { allowed: true; usdMicros: number; spareUsdMicros: number }
  /** `mayFree`: calls under way hold what this one needs, and may leave it. */
  | { allowed: false; budget: WantedBudget; spentUsdMicros: number; mayFree: boolean };

/** What became of a hold since it was made, or since its last settlement. */
export interface Settlement {
  id: string;
  budgets: readonly WantedBudget[];
  costUsdMicros: number;
  /** What stays held; nothing of it ends the hold. */
  keptUsdMicros: number;
  startedAt: number;
}

/** A budget that a call took past a mark. */
export interface BudgetCrossing {
  budget: WantedBudget;
  percent: number;
  spentUsdMicros: number;
}

export interface StoredHold {
  id: string;
  usdMicros: number;
  budgets: string[];
  until: number;
}

export interface StoredBook {
  monthStart: number;
  spent: [budget: string, usdMicros: number][];
  holds: StoredHold[];
}

/** Longer than any stream that is worth waiting for; a holder that crashed blocks its money no longer than this. */
export const HOLD_MS = 15 * 60_000;
/** Part of a budget at which the tenant is told. */
const MARKS = [80, 100];
const LENT_SHARE = 1 / 8;

export class BudgetBook {
  #monthStart: number;
  readonly #spent: Map<string, number>;
  readonly #holds = new Map<string, StoredHold>();
  readonly #held = new Map<string, number>();

  constructor(stored: StoredBook) {
    this.#monthStart = stored.monthStart;
    this.#spent = new Map(stored.spent);
    for (const hold of stored.holds) this.#hold(hold);
  }

  /** Ends what has run out. To be called before anything is asked of the book. */
  turnTo(now: number): void {
    const { start } = budgetMonth(now);
    if (start !== this.#monthStart) {
      this.#monthStart = start;
      this.#spent.clear();
      this.#holds.clear();
      this.#held.clear();
    }
    // Holds last equally long, so they end in the order in which they were made or settled last.
    for (const hold of this.#holds.values()) {
      if (hold.until > now) break;
      this.#release(hold);
      for (const name of hold.budgets) this.#spent.delete(name);
    }
  }

  /** Of these budgets, those whose spending must be read from the bill first. */
  unknown(budgets: readonly WantedBudget[]): string[] {
    return budgets.map(({ name }) => name).filter((name) => !this.#spent.has(name));
  }

  /** What the bill says; a budget that is known by now stays as it is. */
  learn(name: string, monthStart: number, spentUsdMicros: number): void {
    if (monthStart === this.#monthStart && !this.#spent.has(name)) this.#spent.set(name, spentUsdMicros);
  }

  /** What was spent of a budget that bounded nothing for a while is on the bill alone. */
  forget(name: string): void {
    this.#spent.delete(name);
  }

  /** With `mayWait` nobody is given less than the worst case while others hold money that they may leave. */
  reserve(reservation: Reservation, now: number, { mayWait = false } = {}): Grant {
    const { id, budgets, leastUsdMicros, worstUsdMicros, spareUsdMicros: wanted } = reservation;
    const rooms = budgets.map((budget) => ({ budget, room: this.#room(budget) }));
    const least = Math.min(...rooms.map(({ room }) => room));
    const usdMicros = Math.min(worstUsdMicros, least);
    const enough = ({ name }: WantedBudget) => (mayWait && this.held(name) > 0 ? worstUsdMicros : leastUsdMicros);
    const tight = rooms.find(({ budget, room }) => room <= 0 || room < enough(budget));
    if (tight === undefined) {
      const lent = Math.min(wanted, Math.floor((least - usdMicros) * LENT_SHARE));
      const spareUsdMicros = lent < worstUsdMicros ? 0 : lent;
      this.#hold({
        id,
        usdMicros: usdMicros + spareUsdMicros,
        budgets: budgets.map(({ name }) => name),
        until: now + HOLD_MS,
      });
      return { allowed: true, usdMicros, spareUsdMicros };
    }
    const needed = Math.max(1, leastUsdMicros);
    const mayFree = budgets.every((budget) => budget.usdMicrosPerMonth - this.spent(budget.name) >= needed);
    return { allowed: false, budget: tight.budget, spentUsdMicros: this.spent(tight.budget.name), mayFree };
  }

  settle({ id, budgets, costUsdMicros, keptUsdMicros, startedAt }: Settlement, now: number): BudgetCrossing[] {
    const hold = this.#holds.get(id);
    if (hold !== undefined) {
      this.#release(hold);
      // What was given back before stays given back, in whatever order settlements arrive.
      const usdMicros = Math.min(hold.usdMicros, keptUsdMicros);
      if (usdMicros > 0) this.#hold({ ...hold, usdMicros, until: now + HOLD_MS });
    }
    if (startedAt < this.#monthStart) return [];
    return budgets.flatMap((budget) => this.#spend(budget, costUsdMicros));
  }

  spent(name: string): number {
    return this.#spent.get(name) ?? 0;
  }

  held(name: string): number {
    return this.#held.get(name) ?? 0;
  }

  stored(): StoredBook {
    return { monthStart: this.#monthStart, spent: [...this.#spent], holds: [...this.#holds.values()] };
  }

  #room({ name, usdMicrosPerMonth }: WantedBudget): number {
    return usdMicrosPerMonth - this.spent(name) - this.held(name);
  }

  #spend(budget: WantedBudget, usdMicros: number): BudgetCrossing[] {
    const before = this.#spent.get(budget.name);
    // Not known yet: the bill, when it is read, holds this call too.
    if (before === undefined) return [];
    const spentUsdMicros = before + usdMicros;
    this.#spent.set(budget.name, spentUsdMicros);
    const limit = budget.usdMicrosPerMonth;
    return MARKS.filter((mark) => before * 100 < limit * mark && spentUsdMicros * 100 >= limit * mark).map(
      (percent) => ({ budget, percent, spentUsdMicros }),
    );
  }

  #hold(hold: StoredHold): void {
    this.#holds.set(hold.id, hold);
    for (const name of hold.budgets) this.#held.set(name, this.held(name) + hold.usdMicros);
  }

  #release(hold: StoredHold): void {
    this.#holds.delete(hold.id);
    for (const name of hold.budgets) this.#held.set(name, this.held(name) - hold.usdMicros);
  }
}
