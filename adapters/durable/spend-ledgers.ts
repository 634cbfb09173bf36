import { problem } from "../../domain/kernel/problem.ts";
import type { SpendLedger, SpendLedgers } from "../../services/llm/ports.ts";

/** One object a tenant. Nothing is repeated: a settlement whose answer was lost may have been made. */
export function durableSpendLedgers(namespace: DurableObjectNamespace): SpendLedgers {
  return {
    of(tenantId) {
      // The namespace is bound to the class Spend, whose public methods are this port's.
      const ledger = () => namespace.getByName(tenantId) as unknown as SpendLedger;
      return {
        reserve: (reservation) => answered(ledger().reserve(reservation)),
        settle: (...settlements) => answered(ledger().settle(...settlements)),
        spending: (budgets) => answered(ledger().spending(budgets)),
        forget: (budget) => answered(ledger().forget(budget)),
      };
    },
  };
}

/** Money fails closed: without its ledger no call is paid for. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw problem("unavailable", { detail: "The budgets cannot be checked now.", retryAfterSeconds: 1, cause: error });
  }
}
