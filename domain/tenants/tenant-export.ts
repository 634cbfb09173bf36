import * as z from "zod";
import { DAY_MS } from "../kernel/time.ts";

/** As long as the job of an export is kept, its files are. */
export const EXPORT_LIFE_MS = 7 * DAY_MS;

/** The result of the job `tenant.export`. */
export const TenantExport = z.object({
  url: z.url().meta({ description: "Where the export is downloaded, as JSON Lines, by an owner" }),
  lines: z.int(),
  parts: z.int(),
  expiresAt: z.iso.datetime(),
});
export type TenantExport = z.infer<typeof TenantExport>;
