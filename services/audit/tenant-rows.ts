import { type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import { auditEntries, auditUnsealed } from "./table.ts";

/** Kept when a tenant is erased, until its retention drops them: who did what must stay provable. */
export const AUDIT_ROWS: readonly TenantRows[] = [
  tenantRows(auditEntries, { by: ["at", "id"], without: ["proof"], isKept: true }),
  tenantRows(auditUnsealed, { isKept: true }),
];
