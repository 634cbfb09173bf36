import { DurableObject } from "cloudflare:workers";
import { composePlatform } from "../adapters/compose.ts";
import { SECOND_MS } from "../domain/kernel/time.ts";
import { budgetMonth } from "../domain/llm/budget.ts";
import {
  BudgetBook,
  type Grant,
  type Reservation,
  type Settlement,
  type StoredBook,
  type WantedBudget,
} from "../domain/llm/budget-book.ts";
import type { PlatformContext } from "../services/context.ts";
import { spentByBill } from "../services/llm/budget-bill.ts";
import { tellBudgetCrossing } from "../services/llm/budget-crossing.ts";
import type { Spending, SpendLedger } from "../services/llm/ports.ts";

// Where the budgets of one tenant are kept, named by the tenant's id.
//   S1  one reservation is decided at a time; between the look at the book and the hold nothing else runs.
//   S2  a call that held money keeps out, or leaves less than its worst case, waits WAIT_MS for it. Then it is given what is left. It
//       is refused at once when waiting can no longer help.
//   S3  no answer waits for the disk: a mark tells that the stored book is out of date, and the book follows within PERSIST_MS.
//       After a crash between the two, what was spent is read from the bill. Holds of the last second may be forgotten, whose
//       calls are counted when they are told, and ended ones may be kept, which end again by their time.
//   S4  what is lent beyond a call is on disk before it is lent, and nothing is lent while a call waits for money.

interface Waiter {
  reservation: Reservation;
  resolve(grant: Grant | Promise<Grant>): void;
  timer: ReturnType<typeof setTimeout>;
}

/** About as long as a short answer takes; a client that waits longer would rather hear no. */
const WAIT_MS = 2 * SECOND_MS;
const PERSIST_MS = SECOND_MS;
/** A value of storage holds two megabytes. */
const MAX_KEPT_HOLDS = 10_000;

export class Spend extends DurableObject<Env> implements SpendLedger {
  readonly #platform: PlatformContext;
  readonly #book: BudgetBook;
  readonly #waiters = new Set<Waiter>();
  readonly #readings = new Map<string, Promise<void>>();
  #persisting: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#platform = composePlatform(env, { waitUntil: (work) => ctx.waitUntil(work) });
    const { start } = budgetMonth(this.#platform.clock.now());
    const { kv } = ctx.storage;
    const stored = kv.get<StoredBook>("book") ?? { monthStart: start, spent: [], holds: [] };
    this.#book = new BudgetBook(kv.get("is-behind") === true ? { ...stored, spent: [] } : stored);
  }

  async reserve(reservation: Reservation): Promise<Grant> {
    await this.#know(reservation.budgets);
    const one = { ...reservation, spareUsdMicros: 0 };
    const grant = this.#tryReserve(this.#waiters.size > 0 ? one : reservation, true);
    return grant.allowed || !grant.mayFree ? grant : this.#wait(one);
  }

  async settle(...settlements: Settlement[]): Promise<void> {
    const now = this.#platform.clock.now();
    this.#book.turnTo(now);
    const crossed = settlements.flatMap((settlement) => this.#book.settle(settlement, now));
    this.#persistSoon();
    for (const crossing of crossed)
      this.#platform.later(tellBudgetCrossing(this.#platform, this.#tenantId(), crossing));
    this.#serveWaiters();
  }

  async spending(budgets: readonly WantedBudget[]): Promise<Spending[]> {
    await this.#know(budgets);
    return budgets.map(({ name }) => ({
      spentUsdMicros: this.#book.spent(name),
      heldUsdMicros: this.#book.held(name),
    }));
  }

  async forget(budget: string): Promise<void> {
    this.#book.forget(budget);
    this.#persistSoon();
  }

  /** Reads from the bill what the book does not know; calls that ask at the same time share a reading. */
  async #know(budgets: readonly WantedBudget[]): Promise<void> {
    // While one is read, a hold may end and make another unknown.
    for (;;) {
      this.#book.turnTo(this.#platform.clock.now());
      const unknown = this.#book.unknown(budgets);
      if (unknown.length === 0) return;
      await Promise.all(
        unknown.map((name) => {
          const reading = this.#readings.get(name) ?? this.#read(name);
          this.#readings.set(name, reading);
          return reading;
        }),
      );
    }
  }

  async #read(name: string): Promise<void> {
    try {
      const { start } = budgetMonth(this.#platform.clock.now());
      this.#book.learn(name, start, await spentByBill(this.#platform, this.#tenantId(), name, start));
    } finally {
      this.#readings.delete(name);
    }
  }

  #tryReserve(reservation: Reservation, mayWait: boolean): Grant {
    const grant = this.#book.reserve(reservation, this.#platform.clock.now(), { mayWait });
    if (grant.allowed && grant.spareUsdMicros > 0) this.#persist();
    else if (grant.allowed) this.#persistSoon();
    return grant;
  }

  #wait(reservation: Reservation): Promise<Grant> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        resolve(this.#know(reservation.budgets).then(() => this.#tryReserve(reservation, false)));
      }, WAIT_MS);
      const waiter: Waiter = { reservation, resolve, timer };
      this.#waiters.add(waiter);
    });
  }

  #serveWaiters(): void {
    for (const waiter of this.#waiters) {
      const { budgets } = waiter.reservation;
      if (this.#book.unknown(budgets).length > 0) {
        this.#platform.later(this.#know(budgets).then(() => this.#serveWaiters()));
        return;
      }
      const grant = this.#tryReserve(waiter.reservation, true);
      if (!grant.allowed && grant.mayFree) continue;
      this.#waiters.delete(waiter);
      clearTimeout(waiter.timer);
      waiter.resolve(grant);
    }
  }

  #persistSoon(): void {
    if (this.#persisting !== null) return;
    this.ctx.storage.kv.put("is-behind", true);
    this.#persisting = setTimeout(() => this.#persist(), PERSIST_MS);
  }

  #persist(): void {
    if (this.#persisting !== null) clearTimeout(this.#persisting);
    this.#persisting = null;
    const { kv } = this.ctx.storage;
    const book = this.#book.stored();
    kv.put("book", { ...book, holds: book.holds.slice(-MAX_KEPT_HOLDS) });
    kv.delete("is-behind");
  }

  /** The object is always reached by name, and the name is the tenant. */
  #tenantId(): string {
    const { name } = this.ctx.id;
    if (name === undefined) throw new Error("A tenant's budgets are reached by the tenant's id.");
    return name;
  }
}
