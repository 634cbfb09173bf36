import type { RunSlots, TenantSlots } from "../../services/workflows/ports.ts";

/** One object a tenant. */
export function durableRunSlots(namespace: DurableObjectNamespace): RunSlots {
  return {
    of(tenantId) {
      // A stub is dead after its object was reset; a fresh one a call costs nothing.
      const stub = () => slotsObject(namespace, tenantId);
      return {
        lease: () => stub().lease(),
        ask: (run) => stub().ask(run),
        report: (runs) => stub().report(runs),
      };
    },
  };
}

/** The namespace is bound to the class RunSlots, whose public methods are this port's. */
function slotsObject(namespace: DurableObjectNamespace, tenantId: string): TenantSlots {
  return namespace.getByName(tenantId) as unknown as TenantSlots;
}
