import type { ScheduleActors } from "../../services/workflows/ports.ts";

interface Stub {
  wake(tenantId: string, scheduleId: string): Promise<void>;
}

/** Schedules as Durable Objects, named by tenant and schedule. */
export function durableScheduleActors(namespace: DurableObjectNamespace): ScheduleActors {
  return {
    of(tenantId, scheduleId) {
      const stub = () => namespace.get(namespace.idFromName(`${tenantId}:${scheduleId}`)) as unknown as Stub;
      return { wake: () => stub().wake(tenantId, scheduleId) };
    },
  };
}
