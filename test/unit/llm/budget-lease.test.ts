import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { budgetMonth } from "../../../domain/llm/budget.ts";
import { BudgetBook, HOLD_MS, type Settlement, type WantedBudget } from "../../../domain/llm/budget-book.ts";
import {
  type BudgetLease,
  endCall,
  LEASE_MS,
  type Lessee,
  newLessee,
  openLease,
  settlementsDue,
  spareWanted,
  takeBack,
  takeFrom,
} from "../../../domain/llm/budget-lease.ts";

const NOW = Date.UTC(2026, 10, 22);
const MONTH = budgetMonth(NOW);
const tenant = { name: "tenant", usdMicrosPerMonth: 1_000 };
const key = { name: "key:key_a", usdMicrosPerMonth: 400 };
/** So small that a few leases take all of it. */
const small = [
  { name: "tenant", usdMicrosPerMonth: 120 },
  { name: "key:key_a", usdMicrosPerMonth: 60 },
];

interface Call {
  lessee: Lessee;
  lease: BudgetLease;
  usdMicros: number;
}

/** A ledger, the bill, and isolates that make calls. */
class World {
  now = NOW;
  readonly book = new BudgetBook({ monthStart: MONTH.start, spent: [], holds: [] });
  readonly billed = new Map<string, number>();
  readonly calls: Call[] = [];
  questions = 0;
  #ids = 0;

  call(lessee: Lessee, budgets: readonly WantedBudget[], usdMicros: number): boolean {
    const known = takeFrom(lessee, budgets, usdMicros, this.now);
    if (known !== null) return this.calls.push({ lessee, lease: known, usdMicros }) > 0;
    this.questions++;
    const id = `lease-${this.#ids++}`;
    this.know(budgets);
    const spareUsdMicros = spareWanted(lessee, usdMicros);
    const grant = this.book.reserve(
      { id, budgets, leastUsdMicros: 1, worstUsdMicros: usdMicros, spareUsdMicros },
      this.now,
    );
    if (!grant.allowed) return false;
    const lease = openLease(lessee, { id, budgets, startedAt: this.now }, grant, MONTH.end);
    return this.calls.push({ lessee, lease, usdMicros: grant.usdMicros }) > 0;
  }

  end({ lease, usdMicros }: Call, share: number): void {
    const cost = Math.floor(usdMicros * share);
    for (const { name } of lease.budgets) this.billed.set(name, (this.billed.get(name) ?? 0) + cost);
    endCall(lease, usdMicros, cost);
  }

  tell(lessee: Lessee, { isQuiet = true, isLost = false } = {}): Settlement[] {
    const { leases } = lessee;
    const settlements = settlementsDue(lessee, isQuiet, this.now);
    if (isLost) takeBack(lessee, leases, settlements);
    else {
      this.book.turnTo(this.now);
      for (const settlement of settlements) this.book.settle(settlement, this.now);
    }
    return settlements;
  }

  /** What the object does before it decides. */
  know(budgets: readonly WantedBudget[]): void {
    this.book.turnTo(this.now);
    for (const name of this.book.unknown(budgets)) this.book.learn(name, MONTH.start, this.billed.get(name) ?? 0);
  }

  /** The law: what was spent and what calls under way may still spend. */
  owed(name: string): number {
    const calls = this.calls.filter(({ lease }) => lease.budgets.some((budget) => budget.name === name));
    return calls.reduce((sum, { usdMicros }) => sum + usdMicros, this.billed.get(name) ?? 0);
  }
}

function next<T>(list: T[], at: number): T | undefined {
  return list.length === 0 ? undefined : list.splice(at % list.length, 1)[0];
}

describe("leases of budgets", () => {
  it("never let several isolates spend more than a budget, whatever is late, lost or out of time", () => {
    const often = Array.from({ length: 8 }, () => ["call", "end"]).flat();
    const act = fc.record({
      what: fc.constantFrom(...often, "tell", "tell", "lose", "pass", "crash", "expire"),
      who: fc.nat({ max: 2 }),
      n: fc.nat({ max: 50 }),
      share: fc.constantFrom(1, 1, 0.5, 0),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 300, size: "max" }), (acts) => {
        const world = new World();
        const lessees = [newLessee(), newLessee(), newLessee()];
        const crash = (who: number) => {
          const gone = lessees[who];
          lessees[who] = newLessee();
          // What it had under way is never billed, and what it had not told is never told.
          for (let at = world.calls.length - 1; at >= 0; at--)
            if (world.calls[at]?.lessee === gone) world.calls.splice(at, 1);
        };
        for (const { what, who, n, share } of acts) {
          const lessee = lessees[who] ?? newLessee();
          if (what === "call") world.call(lessee, n % 3 === 0 ? small : small.slice(0, 1), 1 + (n % 5));
          if (what === "end") {
            const call = next(world.calls, n);
            if (call !== undefined) world.end(call, share);
          }
          if (what === "tell" || what === "lose") world.tell(lessee, { isQuiet: n % 2 === 0, isLost: what === "lose" });
          if (what === "pass") world.now += n * 50;
          if (what === "crash") crash(who);
          if (what === "expire") {
            for (let call = next(world.calls, 0); call !== undefined; call = next(world.calls, 0))
              world.end(call, share);
            world.now += HOLD_MS;
          }
          for (const { name, usdMicrosPerMonth } of small) {
            expect(world.owed(name)).toBeLessThanOrEqual(usdMicrosPerMonth);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("leave nothing held, and all that was spent told, once every call is over and told", () => {
    const world = new World();
    const lessees = [newLessee(), newLessee()];
    for (let n = 0; n < 60; n++) {
      for (const lessee of lessees) world.call(lessee, [tenant], 5);
      for (let call = next(world.calls, n); call !== undefined; call = next(world.calls, n)) world.end(call, 0.6);
      if (n % 2 === 1) for (const lessee of lessees) world.tell(lessee, { isQuiet: false });
    }
    for (const lessee of lessees) world.tell(lessee);
    expect([world.book.spent("tenant"), world.book.held("tenant")]).toEqual([60 * 2 * 3, 0]);
    expect(lessees.flatMap(({ leases }) => leases)).toEqual([]);
    expect(world.questions).toBeLessThan(40);
  });

  it("keep what calls under way may cost when all else goes back", () => {
    const world = new World();
    const lessee = newLessee();
    for (let n = 0; n < 6; n++) world.call(lessee, [tenant], 5);
    expect(world.questions).toBeLessThan(6);
    const [first] = world.calls.splice(0, 1);
    if (first !== undefined) world.end(first, 1);
    world.tell(lessee);
    expect([world.book.spent("tenant"), world.book.held("tenant")]).toEqual([5, 25]);
  });

  it("stay while calls come, and tell nothing twice", () => {
    const world = new World();
    const lessee = newLessee();
    for (let n = 0; n < 6; n++) world.call(lessee, [tenant], 5);
    const before = world.questions;
    for (const call of world.calls.splice(0)) world.end(call, 1);
    expect(world.tell(lessee, { isQuiet: false })).not.toEqual([]);
    expect(world.tell(lessee, { isQuiet: false })).toEqual([]);
    expect(world.call(lessee, [tenant], 5)).toBe(true);
    expect(world.questions).toBe(before);
  });

  it("are not lent to rare calls", () => {
    const world = new World();
    const lessee = newLessee();
    for (let n = 0; n < 3; n++) {
      world.call(lessee, [tenant], 5);
      expect(world.book.held("tenant")).toBe(5);
      for (const call of world.calls.splice(0)) world.end(call, 1);
      world.tell(lessee);
      world.now += 200;
    }
    expect(world.questions).toBe(3);
  });

  it("pay for nothing after their time, nor for calls that other budgets bound", () => {
    const world = new World();
    const lessee = newLessee();
    for (let n = 0; n < 3; n++) world.call(lessee, [tenant], 5);
    expect(lessee.leases.some(({ leftUsdMicros }) => leftUsdMicros >= 5)).toBe(true);
    expect(takeFrom(lessee, [{ ...tenant, usdMicrosPerMonth: 999 }], 5, NOW)).toBeNull();
    expect(takeFrom(lessee, [tenant, key], 5, NOW)).toBeNull();
    expect(takeFrom(lessee, [tenant], 5, NOW + LEASE_MS)).toBeNull();
    expect(takeFrom(lessee, [tenant], 5, NOW + LEASE_MS - 1)).not.toBeNull();
  });
});
