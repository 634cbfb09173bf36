import { type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import {
  answerSamples,
  budgets,
  driftReports,
  experiments,
  feedback,
  guardrailDecisions,
  guardrailPolicies,
  modelCalls,
  modelRoutes,
  modelRouteVersions,
  providers,
} from "./table.ts";

export const LLM_ROWS: readonly TenantRows[] = [
  tenantRows(providers, { by: ["name"], without: ["sealedApiKey"] }),
  tenantRows(modelRoutes, { by: ["name"] }),
  tenantRows(modelRouteVersions, { by: ["name", "version"] }),
  tenantRows(modelCalls, { by: ["startedAt", "id"] }),
  tenantRows(budgets, { by: ["name"] }),
  tenantRows(guardrailPolicies, { by: ["tenantId"] }),
  tenantRows(guardrailDecisions, { by: ["at", "id"] }),
  tenantRows(experiments, { by: ["createdAt", "id"] }),
  tenantRows(feedback, { by: ["createdAt", "id"] }),
  tenantRows(answerSamples),
  tenantRows(driftReports, { by: ["subject"] }),
];
