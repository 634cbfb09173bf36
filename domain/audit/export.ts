import { csvLine } from "../kernel/csv.ts";
import type { AuditEntry } from "./entry.ts";

// Exports of the audit log.

export const CSV_COLUMNS = [
  ...["id", "at", "action", "actorType", "actorId", "targetType", "targetId"],
  ...["ip", "userAgent", "requestId", "details"],
] as const;

export function csvRow(entry: AuditEntry): string {
  const { id, at, action, actor, target, ip, userAgent, requestId, details } = entry;
  return csvLine([
    ...[id, at, action, actor.type, actor.id, target?.type ?? null, target?.id ?? null, ip, userAgent, requestId],
    details === null ? null : JSON.stringify(details),
  ]);
}
