import { problem } from "../../domain/kernel/problem.ts";
import type { AuditLog, AuditLogs } from "../../services/audit/ports.ts";

/** Audit logs as Durable Objects, one a tenant. Their operations may all be repeated, so a passing fault is tried once more. */
export function durableAuditLogs(namespace: DurableObjectNamespace): AuditLogs {
  return {
    of(tenantId) {
      const call = <T>(use: (log: AuditLog) => Promise<T>) => calling(() => use(auditLog(namespace, tenantId)));
      return {
        append: (entries) => call((log) => log.append(entries)),
        span: () => call((log) => log.span()),
        links: (after, limit) => call((log) => log.links(after, limit)),
        anchors: () => call((log) => log.anchors()),
        unknown: (entryIds) => call((log) => log.unknown(entryIds)),
        dropBefore: (time) => call((log) => log.dropBefore(time)),
        dropped: (limit) => call((log) => log.dropped(limit)),
        forget: (throughSeq) => call((log) => log.forget(throughSeq)),
      };
    },
  };
}

/** The namespace is bound to the class AuditLog, whose public methods are this port's. */
function auditLog(namespace: DurableObjectNamespace, tenantId: string): AuditLog {
  return namespace.getByName(tenantId) as unknown as AuditLog;
}

async function calling<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
    if (overloaded === true) throw problem("unavailable", { cause: error });
    if (retryable !== true) throw error;
  }
  // A stub whose object was reset stays broken; `use` takes a new one.
  return use();
}
