import * as z from "zod";
import { PageRequest } from "../kernel/page.ts";

export const AuditEntry = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    action: z.string().meta({ example: "api-key.created" }),
    actor: z.object({ type: z.string(), id: z.string() }),
    target: z.object({ type: z.string(), id: z.string() }).nullable(),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    requestId: z.string(),
    details: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: "AuditEntry", description: "One act in the tenant: who did what to what, when and from where" });
export type AuditEntry = z.infer<typeof AuditEntry>;

const time = z.iso.datetime({ offset: true });

export const AuditQuery = PageRequest.extend({
  action: z.string().max(100).optional(),
  actor: z.string().max(100).optional().meta({ description: "The actor's id" }),
  target: z.string().max(100).optional().meta({ description: "The target's id" }),
  from: time.optional().meta({ description: "Entries at this time or later" }),
  to: time.optional().meta({ description: "Entries before this time" }),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

export const AuditExportQuery = AuditQuery.extend({
  format: z.enum(["json", "csv", "jsonl"]).default("json").meta({
    description: "`csv` and `jsonl` answer every match as a file instead of a page",
  }),
});
