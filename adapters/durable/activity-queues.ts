import type { ActivityQueue, ActivityQueues } from "../../services/workflows/ports.ts";

/** One object an activity. */
export function durableActivityQueues(namespace: DurableObjectNamespace): ActivityQueues {
  return {
    of(tenantId, activity) {
      // A stub is dead after its object was reset; a fresh one a call costs nothing.
      const stub = () => activityObject(namespace, tenantId, activity);
      return {
        put: (token) => stub().put(token),
        take: (waitMs, workerName) => stub().take(waitMs, workerName),
        clear: () => stub().clear(),
      };
    },
  };
}

/** The namespace is bound to the class ActivityTasks, whose public methods are this port's. */
function activityObject(namespace: DurableObjectNamespace, tenantId: string, activity: string): ActivityQueue {
  return namespace.getByName(`${tenantId}/${activity}`) as unknown as ActivityQueue;
}
