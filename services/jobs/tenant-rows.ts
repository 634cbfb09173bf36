import { type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import { idempotencyKeys, tasks } from "./table.ts";

export const JOBS_ROWS: readonly TenantRows[] = [
  tenantRows(tasks, { by: ["createdAt", "id"] }),
  tenantRows(idempotencyKeys),
];
