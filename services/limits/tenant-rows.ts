import { type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import { limitOverrides, standings } from "./table.ts";

export const LIMITS_ROWS: readonly TenantRows[] = [
  tenantRows(standings, { by: ["tenantId"] }),
  tenantRows(limitOverrides, { by: ["name"] }),
];
