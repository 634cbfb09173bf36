import type { BreakerPolicy } from "../../domain/kernel/circuit-breaker.ts";
import type { Breakers, TargetBreaker, TargetTally, TenantBreakers } from "../../services/limits/ports.ts";

/** The class behind the binding: the port's calls, each with the policy by which it judges. */
interface Stub {
  report(tallies: TargetTally[], policy: BreakerPolicy): Promise<TargetBreaker[]>;
  admit(target: string, policy: BreakerPolicy): ReturnType<Breakers["admit"]>;
  probed(target: string, isHealthy: boolean | null, policy: BreakerPolicy): Promise<TargetBreaker[]>;
  list(policy: BreakerPolicy): Promise<TargetBreaker[]>;
}

/** One object a tenant, named by the tenant's id and, for other than models, by what the breakers guard. */
export function durableTenantBreakers(
  namespace: DurableObjectNamespace,
  policy: BreakerPolicy,
  suffix = "",
): TenantBreakers {
  return {
    of(tenantId) {
      // A stub whose object was reset stays broken, so every call takes a new one.
      const stub = () => namespace.getByName(`${tenantId}${suffix}`) as unknown as Stub;
      return {
        report: (tallies) => stub().report(tallies, policy),
        admit: (target) => stub().admit(target, policy),
        probed: (target, isHealthy) => stub().probed(target, isHealthy, policy),
        list: () => stub().list(policy),
      };
    },
  };
}
