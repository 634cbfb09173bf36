import * as z from "zod";
import { isoTime } from "../../domain/kernel/time.ts";
import { EXPORT_LIFE_MS, type TenantExport } from "../../domain/tenants/tenant-export.ts";
import type { ServiceContext } from "../context.ts";
import { findJobRequest, keepJobRequest, keepJobResult } from "../jobs/job-files.ts";
import { loadTenant } from "../tenants/load-tenant.ts";
import { exportLines, Position } from "./export-lines.ts";
import { exportPart } from "./exports.ts";

// Writes a tenant's data as JSON Lines in parts of bounded size.
//   X1  the first line is `{"export": 1, "tenant": ..., "exportedAt": ...}`, every other `{"kind": ..., "data": ...}`.
//   X2  how far it came is kept after each part: an attempt that broke off is continued by the next.

const FORMAT = 1;
const MAX_PART_CHARACTERS = 4_000_000;

const Progress = z.object({ position: Position.nullable(), parts: z.int(), lines: z.int() });

/** Does what `startTenantExport` asked for. */
export async function exportTenant(ctx: ServiceContext, jobId: string): Promise<void> {
  const kept = await findJobRequest(ctx, jobId);
  const progress = kept === null ? { position: null, parts: 0, lines: 0 } : Progress.parse(kept);
  let pending = progress.parts === 0 ? [await header(ctx)] : [];
  let characters = 0;
  const flush = async (position: Position | null) => {
    progress.parts += 1;
    await ctx.ports.files.put(
      exportPart(ctx.tenant.id, jobId, progress.parts),
      `${pending.join("\n")}\n`,
      "application/jsonl",
    );
    progress.lines += pending.length;
    progress.position = position;
    await keepJobRequest(ctx, jobId, progress);
    [pending, characters] = [[], 0];
  };
  for await (const { lines, position } of exportLines(ctx, jobId, progress.position)) {
    for (const line of lines) characters += line.length;
    pending.push(...lines);
    progress.position = position;
    if (characters > MAX_PART_CHARACTERS) await flush(position);
  }
  if (pending.length > 0) await flush(progress.position);
  await keepJobResult(ctx, jobId, {
    url: `${ctx.settings.publicUrl}/v1/tenant/exports/${jobId}`,
    lines: progress.lines,
    parts: progress.parts,
    expiresAt: isoTime(ctx.clock.now() + EXPORT_LIFE_MS),
  } satisfies TenantExport);
}

async function header(ctx: ServiceContext): Promise<string> {
  const tenant = await loadTenant(ctx, ctx.tenant.id);
  return JSON.stringify({ export: FORMAT, tenant, exportedAt: isoTime(ctx.clock.now()) });
}
