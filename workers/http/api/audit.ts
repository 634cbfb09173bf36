import { AuditEntry, AuditQuery } from "../../../domain/audit/entry.ts";
import { listAuditEntries } from "../../../services/audit/list-audit-entries.ts";
import { listOf } from "../listing.ts";
import { reply, routes } from "../operation.ts";

export const audit = routes();

audit.add(
  {
    method: "get",
    path: "/v1/audit-entries",
    id: "listAuditEntries",
    tag: "Audit",
    summary: "Who did what to what, when and from where",
    access: "audit:read",
    query: AuditQuery,
    returns: { 200: listOf(AuditEntry) },
  },
  async ({ ctx, query }) => reply(200, await listAuditEntries(ctx, query)),
);
