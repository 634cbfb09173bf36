import * as z from "zod";

export const AuditVerification = z
  .object({
    valid: z.boolean(),
    entries: z.int().meta({ description: "Entries whose place in the chain was proven" }),
    firstBrokenId: z.string().nullable().meta({
      description: "The first entry that is wrong or gone; where only an anchor tells, the last entry it covers",
    }),
    fault: z.enum(["altered", "removed", "inserted", "out-of-order", "cut", "anchor"]).nullable(),
    from: z.int().meta({ description: "Number of the first entry that is kept" }),
    head: z.string().meta({ description: "The hash at the end of the chain" }),
    anchors: z.int().meta({ description: "Signed anchors that were compared" }),
  })
  .meta({ id: "AuditVerification", description: "Whether the audit log is whole and unchanged" });
export type AuditVerification = z.infer<typeof AuditVerification>;
