import { problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";
import { askOnce } from "../jobs/ask-once.ts";
import { eraseIndexes } from "../knowledge/erase-indexes.ts";
import { blankTenant, isDeleted, tenantsToErase } from "../tenants/erasure.ts";
import { eraseActivities } from "../workflows/activities.ts";
import { eraseRuns, eraseSchedules, stopRuns } from "../workflows/erase-runs.ts";
import { ALL_ROWS } from "./all-rows.ts";

// What becomes of a tenant that was deleted.
//   E1  only a deleted tenant is erased, and only after nobody can write into it any more.
//   E2  every step finds what is left and may break off anywhere: an erasure is repeated whole until the tenant's row says done.
//   E3  what names other things goes after them: rows after the objects and files that are found by them.
//   E4  the audit log stays until its retention drops it, with its signed anchors and a row that holds no name.

//   E5  it is done when every store was counted and none holds anything: what wrote meanwhile makes it begin anew.

const TENANTS_AT_ONCE = 20;
const FILES_AT_ONCE = 1_000;
// A statement of D1 may take seconds; this many rows take some milliseconds.
const ROWS_AT_ONCE = 2_000;

/** Asks for the erasure of every tenant that was deleted and is not gone. Run by the clock, each minute. */
export async function askForErasures(platform: PlatformContext): Promise<void> {
  for (const tenantId of await tenantsToErase(platform, TENANTS_AT_ONCE)) {
    await askOnce(platform, tenantId, { type: "tenant.erase", payload: { tenantId } });
  }
}

/** Stops the runs of a closed tenant. Its schedules rest by themselves, and nobody can start another. */
export async function restTenant(platform: PlatformContext, tenantId: string): Promise<void> {
  if (!(await isDeleted(platform, tenantId))) return;
  await stopRuns(systemIn(platform, tenantId));
}

export async function eraseTenant(platform: PlatformContext, tenantId: string): Promise<void> {
  if (!(await isDeleted(platform, tenantId))) throw problem("conflict", { detail: "The tenant is not deleted." });
  const ctx = systemIn(platform, tenantId);
  await eraseSchedules(ctx);
  await eraseRuns(ctx);
  await eraseActivities(ctx);
  await eraseIndexes(ctx);
  await ctx.ports.answerCaches.of(tenantId).forget({});
  const files = await eraseFiles(ctx);
  const rows = await eraseRows(ctx);
  await requireNothingLeft(ctx);
  await commit(ctx, {
    change: blankTenant(ctx, tenantId),
    audit: { action: "tenant.erased", target: { type: "tenant", id: tenantId }, details: { files, rows } },
  });
}

/** E5 */
async function requireNothingLeft(ctx: ServiceContext): Promise<void> {
  const left: string[] = [];
  for (const { name, remove, count } of ALL_ROWS) {
    const rows = remove === null ? 0 : await count(ctx, ctx.tenant.id);
    if (rows > 0) left.push(`${name}: ${rows}`);
  }
  let files = 0;
  for await (const keys of filePages(ctx)) files += keys.length;
  if (files > 0) left.push(`files: ${files}`);
  if (left.length === 0) return;
  ctx.log.warn("erasure.left", { tenantId: ctx.tenant.id, left });
  throw problem("unavailable", { detail: `Something is left of the tenant: ${left.join(", ")}.` });
}

function systemIn(platform: PlatformContext, tenantId: string): ServiceContext {
  return { ...platform, tenant: { id: tenantId }, actor: { kind: "system", name: "erasure" } };
}

async function eraseFiles(ctx: ServiceContext): Promise<number> {
  let removed = 0;
  for await (const keys of filePages(ctx)) {
    await ctx.ports.files.remove(keys);
    removed += keys.length;
  }
  return removed;
}

/** All of the tenant's files but the anchors of its audit log. */
async function* filePages({ ports: { files }, tenant }: ServiceContext): AsyncGenerator<string[]> {
  for (let after = ""; ; ) {
    const page = await files.entries(`${tenant.id}/`, { after, limit: FILES_AT_ONCE });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page.map(({ key }) => key).filter((key) => !key.startsWith(`${tenant.id}/audit/`));
    after = last.key;
  }
}

async function eraseRows(ctx: ServiceContext): Promise<Record<string, number>> {
  const removed: Record<string, number> = {};
  for (const { name, remove } of ALL_ROWS) {
    if (remove === null) continue;
    let [total, some] = [0, 0];
    do {
      some = await remove(ctx, ctx.tenant.id, ROWS_AT_ONCE);
      total += some;
    } while (some > 0);
    if (total > 0) removed[name] = total;
  }
  return removed;
}
