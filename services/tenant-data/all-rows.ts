import { ANALYTICS_ROWS } from "../analytics/tenant-rows.ts";
import { AUDIT_ROWS } from "../audit/tenant-rows.ts";
import { IDENTITY_ROWS } from "../identity/tenant-rows.ts";
import { JOBS_ROWS } from "../jobs/tenant-rows.ts";
import { KNOWLEDGE_ROWS } from "../knowledge/tenant-rows.ts";
import { LIMITS_ROWS } from "../limits/tenant-rows.ts";
import { LLM_ROWS } from "../llm/tenant-rows.ts";
import type { TenantRows } from "../tenants/tenant-rows.ts";
import { WORKFLOWS_ROWS } from "../workflows/tenant-rows.ts";

/** Everything that a tenant has in the shared database. */
export const ALL_ROWS: readonly TenantRows[] = [
  ...IDENTITY_ROWS,
  ...LIMITS_ROWS,
  ...LLM_ROWS,
  ...KNOWLEDGE_ROWS,
  ...WORKFLOWS_ROWS,
  ...ANALYTICS_ROWS,
  ...JOBS_ROWS,
  ...AUDIT_ROWS,
];
