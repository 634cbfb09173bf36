import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { budgetMonth } from "../../../domain/llm/budget.ts";
import { BudgetBook, HOLD_MS, type Reservation, type Settlement } from "../../../domain/llm/budget-book.ts";

const NOW = Date.UTC(2026, 10, 22);
const tenant = { name: "tenant", usdMicrosPerMonth: 100 };
const key = { name: "key:key_a", usdMicrosPerMonth: 30 };

function aBook(spent: Record<string, number> = { tenant: 0 }): BudgetBook {
  return new BudgetBook({ monthStart: budgetMonth(NOW).start, spent: Object.entries(spent), holds: [] });
}

function asked(id: string, more: Partial<Reservation> = {}): Reservation {
  return { id, budgets: [tenant], leastUsdMicros: 1, worstUsdMicros: 10, spareUsdMicros: 0, ...more };
}

function over(settlement: Omit<Settlement, "keptUsdMicros">): Settlement {
  return { ...settlement, keptUsdMicros: 0 };
}

describe("a book of budgets", () => {
  it("lets in exactly as many of a thousand calls as the budget pays for", () => {
    const book = aBook();
    const grants = Array.from({ length: 1_000 }, (_, n) => book.reserve(asked(`c${n}`, { leastUsdMicros: 10 }), NOW));
    expect(grants.filter(({ allowed }) => allowed)).toHaveLength(10);
    expect(grants.at(-1)).toMatchObject({ allowed: false, budget: tenant, spentUsdMicros: 0, mayFree: true });
  });

  it("frees what a call did not use", () => {
    const book = aBook();
    expect(book.reserve(asked("a", { worstUsdMicros: 100 }), NOW)).toMatchObject({ allowed: true, usdMicros: 100 });
    expect(book.reserve(asked("b"), NOW).allowed).toBe(false);
    book.settle(over({ id: "a", budgets: [tenant], costUsdMicros: 3, startedAt: NOW }), NOW);
    expect(book.reserve(asked("b"), NOW)).toMatchObject({ allowed: true, usdMicros: 10 });
    expect([book.spent("tenant"), book.held("tenant")]).toEqual([3, 10]);
  });

  it("gives the rest of a budget to a call that may cost more", () => {
    expect(aBook({ tenant: 96 }).reserve(asked("a"), NOW)).toMatchObject({ allowed: true, usdMicros: 4 });
    expect(aBook({ tenant: 96 }).reserve(asked("a", { leastUsdMicros: 5 }), NOW)).toMatchObject({ mayFree: false });
  });

  it("gives nobody who may wait less than the worst case while others hold money", () => {
    const book = aBook({ tenant: 0, [key.name]: 25 });
    const waits = { mayWait: true };
    expect(book.reserve(asked("a", { worstUsdMicros: 95 }), NOW, waits)).toMatchObject({ usdMicros: 95 });
    expect(book.reserve(asked("b"), NOW, waits)).toMatchObject({ allowed: false, mayFree: true });
    // What another budget holds is nothing to wait for.
    const ofKey = asked("c", { budgets: [key], leastUsdMicros: 2 });
    expect(book.reserve(ofKey, NOW, waits)).toMatchObject({ allowed: true, usdMicros: 5 });
    expect(book.reserve(asked("b"), NOW)).toMatchObject({ allowed: true, usdMicros: 5 });
  });

  it("takes from every budget that a call touches, and from none when one has no room", () => {
    const book = aBook({ tenant: 0, [key.name]: 25 });
    expect(book.reserve(asked("a", { budgets: [tenant, key], leastUsdMicros: 6 }), NOW)).toMatchObject({ budget: key });
    expect(book.held("tenant")).toBe(0);
    expect(book.reserve(asked("b", { budgets: [tenant, key] }), NOW)).toMatchObject({ allowed: true, usdMicros: 5 });
    expect([book.held("tenant"), book.held(key.name)]).toEqual([5, 5]);
  });

  it("lets nothing in once all is spent, also what may cost nothing", () => {
    const refusal = aBook({ tenant: 100 }).reserve(asked("a", { leastUsdMicros: 0 }), NOW);
    expect(refusal).toMatchObject({ allowed: false, mayFree: false });
  });

  it("ends a hold that nobody ended, and then asks the bill again", () => {
    const book = aBook();
    book.reserve(asked("crashed", { worstUsdMicros: 100 }), NOW);
    book.turnTo(NOW + HOLD_MS - 1);
    expect(book.held("tenant")).toBe(100);
    book.turnTo(NOW + HOLD_MS);
    expect([book.held("tenant"), book.unknown([tenant])]).toEqual([0, ["tenant"]]);
    book.learn("tenant", budgetMonth(NOW).start, 42);
    expect(book.spent("tenant")).toBe(42);
  });

  it("counts a call that is told after its hold has ended", () => {
    const book = aBook();
    book.settle(over({ id: "late", budgets: [tenant], costUsdMicros: 7, startedAt: NOW }), NOW);
    expect(book.spent("tenant")).toBe(7);
  });

  it("lends an eighth of what is left at most, and nothing that pays for no further call", () => {
    const spare = (more: Partial<Reservation>) => {
      const grant = aBook().reserve(asked("a", more), NOW);
      return grant.allowed ? grant.spareUsdMicros : null;
    };
    expect(spare({ worstUsdMicros: 4, spareUsdMicros: 1_000 })).toBe(12);
    expect(spare({ worstUsdMicros: 4, spareUsdMicros: 5 })).toBe(5);
    expect(spare({ worstUsdMicros: 20, spareUsdMicros: 1_000 })).toBe(0);
  });

  it("keeps what its holder keeps, and forgets nothing of it before its time", () => {
    const book = aBook();
    book.reserve(asked("lease", { worstUsdMicros: 10, spareUsdMicros: 11 }), NOW);
    expect(book.held("tenant")).toBe(21);
    book.settle({ id: "lease", budgets: [tenant], costUsdMicros: 6, keptUsdMicros: 9, startedAt: NOW }, NOW + 1_000);
    expect([book.spent("tenant"), book.held("tenant")]).toEqual([6, 9]);
    book.turnTo(NOW + HOLD_MS);
    expect(book.held("tenant")).toBe(9);
    book.turnTo(NOW + 1_000 + HOLD_MS);
    expect(book.held("tenant")).toBe(0);
  });

  it("tells when four fifths and when all of a budget are spent, once each", () => {
    const book = aBook();
    const spend = (id: string, costUsdMicros: number) =>
      book.settle(over({ id, budgets: [tenant], costUsdMicros, startedAt: NOW }), NOW).map(({ percent }) => percent);
    expect([spend("a", 79), spend("b", 1), spend("c", 10), spend("d", 10), spend("e", 5)]).toEqual([
      [],
      [80],
      [],
      [100],
      [],
    ]);
  });

  it("begins a month with nothing spent, and leaves calls of the month before to its bill", () => {
    const book = aBook({ tenant: 99 });
    const december = Date.UTC(2026, 11, 1);
    book.turnTo(december);
    book.learn("tenant", budgetMonth(december).start, 0);
    book.settle(over({ id: "old", budgets: [tenant], costUsdMicros: 50, startedAt: NOW }), NOW);
    expect(book.spent("tenant")).toBe(0);
  });

  it("is the same book after it was stored", () => {
    const book = aBook();
    book.reserve(asked("a"), NOW);
    const again = new BudgetBook(structuredClone(book.stored()));
    expect([again.held("tenant"), again.stored()]).toEqual([10, book.stored()]);
  });

  it("never holds and spends more than a budget, whatever the order", () => {
    const act = fc.record({
      id: fc.integer({ min: 0, max: 8 }),
      worst: fc.integer({ min: 1, max: 60 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      isOver: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60, size: "max" }), (acts) => {
        const book = aBook({ tenant: 0, [key.name]: 0 });
        const granted = new Map<string, number>();
        for (const { id: n, worst, share, isOver } of acts) {
          const [id, budgets] = [`c${n}`, n % 2 === 0 ? [tenant] : [tenant, key]];
          const before = granted.get(id);
          if (before !== undefined && isOver) {
            book.settle(over({ id, budgets, costUsdMicros: Math.floor(before * share), startedAt: NOW }), NOW);
            granted.delete(id);
          } else if (before === undefined) {
            const grant = book.reserve(asked(id, { budgets, worstUsdMicros: worst, spareUsdMicros: 3 * worst }), NOW);
            if (grant.allowed) granted.set(id, grant.usdMicros);
          }
          for (const { name, usdMicrosPerMonth } of [tenant, key]) {
            expect(book.spent(name) + book.held(name)).toBeLessThanOrEqual(usdMicrosPerMonth);
          }
        }
      }),
    );
  });
});
