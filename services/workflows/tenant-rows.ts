import { type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import {
  activities,
  functions,
  publishedEvents,
  publishedVersions,
  reviews,
  runs,
  schedules,
  stateMachines,
  triggers,
  workflowAliases,
  workflows,
  workflowVersions,
} from "./table.ts";

export const WORKFLOWS_ROWS: readonly TenantRows[] = [
  tenantRows(workflows, { by: ["name"] }),
  tenantRows(workflowVersions, { by: ["name", "version"] }),
  tenantRows(workflowAliases, { by: ["workflow", "alias"] }),
  tenantRows(functions, { by: ["name"], without: ["sealedHeaders", "sealedSecret"] }),
  tenantRows(activities, { by: ["name"] }),
  tenantRows(schedules, { by: ["id"] }),
  tenantRows(triggers, { by: ["id"] }),
  tenantRows(runs, { by: ["id"] }),
  tenantRows(reviews, { by: ["id"] }),
  tenantRows(publishedEvents, { by: ["id"] }),
  tenantRows(stateMachines, { by: ["workflow"] }),
  tenantRows(publishedVersions, { by: ["workflow", "version"] }),
];
