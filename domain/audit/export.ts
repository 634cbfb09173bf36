import type { AuditEntry } from "./entry.ts";

// Exports of the audit log. CSV after RFC 4180: CRLF, quotes doubled.

export const CSV_COLUMNS = [
  ...["id", "at", "action", "actorType", "actorId", "targetType", "targetId"],
  ...["ip", "userAgent", "requestId", "details"],
] as const;

export function csvLine(cells: readonly (string | null)[]): string {
  return `${cells.map((cell) => quoted(cell ?? "")).join(",")}\r\n`;
}

export function csvRow(entry: AuditEntry): string {
  const { id, at, action, actor, target, ip, userAgent, requestId, details } = entry;
  return csvLine([
    ...[id, at, action, actor.type, actor.id, target?.type ?? null, target?.id ?? null, ip, userAgent, requestId],
    details === null ? null : JSON.stringify(details),
  ]);
}

function quoted(cell: string): string {
  // A spreadsheet runs what begins like a formula; user agents and names are written by strangers.
  const inert = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
