import { asProblem, problem } from "../../domain/kernel/problem.ts";
import type { TenantGate, TenantGates } from "../../services/limits/ports.ts";

/** One object a tenant. A passing fault is tried once more: at worst a token is taken that nobody spends. */
export function durableTenantGates(namespace: DurableObjectNamespace): TenantGates {
  return {
    of(tenantId) {
      const call = <T>(use: (gate: TenantGate) => Promise<T>) => calling(() => use(gateObject(namespace, tenantId)));
      return {
        admit: (request) => call((gate) => gate.admit(request)),
        limits: (principal, returned, isFresh) => call((gate) => gate.limits(principal, returned, isFresh)),
        standing: (isFresh) => call((gate) => gate.standing(isFresh)),
        // Not repeated: a count whose answer was lost may have been made.
        count: (quota, amount) => translating(() => gateObject(namespace, tenantId).count(quota, amount)),
      };
    },
  };
}

/** The namespace is bound to the class TenantGate, whose public methods are this port's. */
function gateObject(namespace: DurableObjectNamespace, tenantId: string): TenantGate {
  return namespace.getByName(tenantId) as unknown as TenantGate;
}

/** A stub whose object was reset stays broken, so every attempt takes a new one. */
async function calling<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!isPassing(error)) throw translated(error);
  }
  return translating(use);
}

async function translating<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw translated(error);
  }
}

/** Whatever went wrong inside it, a gate that gives no answer is a gate that is down. */
function translated(error: unknown): unknown {
  return (
    asProblem(error) ??
    problem("unavailable", { detail: "The tenant's gate did not answer.", retryAfterSeconds: 1, cause: error })
  );
}

/** What the platform says of its own faults; an overloaded object is not asked again at once. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isOverloaded = "overloaded" in error && error.overloaded === true;
  return "retryable" in error && error.retryable === true && !isOverloaded;
}
