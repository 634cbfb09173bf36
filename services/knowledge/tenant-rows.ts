import { type TenantRows, tenantRows } from "../tenants/tenant-rows.ts";
import { documents, knowledgeBases } from "./table.ts";

export const KNOWLEDGE_ROWS: readonly TenantRows[] = [
  tenantRows(knowledgeBases, { by: ["id"] }),
  tenantRows(documents, { by: ["knowledgeBaseId", "id"] }),
];
