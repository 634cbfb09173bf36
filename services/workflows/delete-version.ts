import { and, eq, notExists, sql } from "drizzle-orm";
import { problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { isVersion, loadVersion } from "./find-workflow.ts";
import { forgetVersions } from "./known-versions.ts";
import { workflowAliases, workflows, workflowVersions } from "./table.ts";

/** Removes an old version that no alias leads to. Runs that it started hold their own definition and go on. */
export async function deleteVersion(ctx: ServiceContext, workflow: string, version: number): Promise<void> {
  requirePermission(ctx, "workflows:write");
  await loadVersion(ctx, workflow, version);
  const asNewest = ctx.db
    .select({ name: workflows.name })
    .from(workflows)
    .where(and(eq(workflows.tenantId, ctx.tenant.id), eq(workflows.name, workflow), eq(workflows.version, version)));
  const asRoute = ctx.db
    .select({ alias: workflowAliases.alias })
    .from(workflowAliases)
    .where(
      and(
        eq(workflowAliases.tenantId, ctx.tenant.id),
        eq(workflowAliases.workflow, workflow),
        sql`exists (select 1 from json_each(${workflowAliases.routes}) where json_extract(value, '$.version') = ${version})`,
      ),
    );
  await commit(ctx, {
    change: ctx.db
      .delete(workflowVersions)
      .where(and(isVersion(ctx, workflow, version), notExists(asNewest), notExists(asRoute))),
    audit: { action: "workflow.version-deleted", target: { type: "workflow", id: workflow }, details: { version } },
    conflict: () => problem("conflict", { detail: "The version is the newest, or an alias leads to it." }),
  });
  forgetVersions(ctx, workflow);
}
