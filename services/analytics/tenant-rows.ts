import { type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import { usageDays } from "./table.ts";

export const ANALYTICS_ROWS: readonly TenantRows[] = [
  tenantRows(usageDays, { by: ["day", "kind", "model", "user", "workflow"] }),
];
