import { AuditEntry, AuditExportQuery } from "../../../domain/audit/entry.ts";
import { AuditVerification } from "../../../domain/audit/verification.ts";
import { exportAuditChain, exportAuditEntries } from "../../../services/audit/export-audit-log.ts";
import { listAuditEntries } from "../../../services/audit/list-audit-entries.ts";
import { verifyAuditLog } from "../../../services/audit/verify-audit-log.ts";
import { download } from "../download.ts";
import { listOf } from "../listing.ts";
import { reply, routes } from "../operation.ts";

export const audit = routes();
const tag = "Audit";

audit.add(
  {
    method: "get",
    path: "/v1/audit-entries",
    id: "listAuditEntries",
    tag,
    summary: "Who did what to what, when and from where; with `format` every match as a file",
    access: "audit:read",
    query: AuditExportQuery,
    returns: { 200: listOf(AuditEntry) },
  },
  async ({ ctx, query: { format, ...query } }) => {
    if (format === "json") return reply(200, await listAuditEntries(ctx, query));
    return download(await exportAuditEntries(ctx, query, format), `audit-entries.${format}`);
  },
);

audit.add(
  {
    method: "get",
    path: "/v1/audit-entries/verify",
    id: "verifyAuditLog",
    tag,
    summary: "Whether the audit log is whole and unchanged",
    access: "audit:read",
    returns: { 200: AuditVerification },
  },
  async ({ ctx }) => reply(200, await verifyAuditLog(ctx)),
);

audit.add(
  {
    method: "get",
    path: "/v1/audit-entries/chain",
    id: "exportAuditChain",
    tag,
    summary: "The hash chain with its entries and signed anchors as JSON Lines, to be verified elsewhere",
    access: "audit:read",
    returns: { 200: null },
  },
  async ({ ctx }) => download(await exportAuditChain(ctx), "audit-entries.jsonl"),
);
