import { and, desc, eq, gt, isNull, lt } from "drizzle-orm";
import type { JsonObject } from "../../domain/kernel/json.ts";
import type { Page, PageRequest } from "../../domain/kernel/page.ts";
import { decodeCursor, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { Workflow, WorkflowVersion } from "../../domain/workflows/workflow.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { workflowAliases, workflows, workflowVersions } from "./table.ts";

const IS_OF_WORKFLOW = and(
  eq(workflowVersions.tenantId, workflows.tenantId),
  eq(workflowVersions.name, workflows.name),
);
/** Joins a workflow to its newest version. */
export const IS_NEWEST = and(IS_OF_WORKFLOW, eq(workflowVersions.version, workflows.version));

export type VersionRow = typeof workflowVersions.$inferSelect;

/** A version, with the id of its workflow. */
export interface FoundVersion {
  id: string;
  row: VersionRow;
}

export function toWorkflow(id: string, row: VersionRow): Workflow {
  const { name, version, type, description } = row;
  const definition = JSON.parse(row.definition) as JsonObject;
  return { id, name, version, type, description, definition, createdAt: isoTime(row.createdAt) };
}

export async function findVersion(ctx: ServiceContext, name: string, version: number): Promise<VersionRow | null> {
  const rows = await ctx.db
    .select()
    .from(workflowVersions)
    .where(isVersion(ctx, name, version))
    .limit(1);
  return rows[0] ?? null;
}

/** A version of a workflow that takes runs; the newest when none is named. One read. */
export async function loadVersion(ctx: ServiceContext, name: string, version?: number): Promise<FoundVersion> {
  const rows = await ctx.db
    .select({ id: workflows.id, row: workflowVersions })
    .from(workflows)
    .innerJoin(
      workflowVersions,
      version === undefined ? IS_NEWEST : and(IS_OF_WORKFLOW, eq(workflowVersions.version, version)),
    )
    .where(and(eq(workflows.tenantId, ctx.tenant.id), eq(workflows.name, name), isNull(workflows.deletedAt)))
    .limit(1);
  const [found] = rows;
  if (found === undefined) throw notFound(version === undefined ? "workflow" : "workflow version");
  return found;
}

export async function getWorkflow(ctx: ServiceContext, name: string, version?: number): Promise<Workflow> {
  requirePermission(ctx, "workflows:read");
  const { id, row } = await loadVersion(ctx, name, version);
  return toWorkflow(id, row);
}

/** Workflows by name, each as its newest version. */
export async function listWorkflows(ctx: ServiceContext, page: PageRequest): Promise<Page<Workflow>> {
  requirePermission(ctx, "workflows:read");
  const [after = ""] = page.cursor === undefined ? [] : decodeCursor(page.cursor, 1);
  const rows = await ctx.db
    .select({ id: workflows.id, row: workflowVersions })
    .from(workflows)
    .innerJoin(workflowVersions, IS_NEWEST)
    .where(and(eq(workflows.tenantId, ctx.tenant.id), isNull(workflows.deletedAt), gt(workflows.name, after)))
    .orderBy(workflows.name)
    .limit(page.limit + 1);
  return pageOf(
    rows,
    page.limit,
    ({ row }) => [row.name],
    ({ id, row }) => toWorkflow(id, row),
  );
}

/** Versions of one workflow, newest first. */
export async function listVersions(
  ctx: ServiceContext,
  name: string,
  page: PageRequest,
): Promise<Page<WorkflowVersion>> {
  requirePermission(ctx, "workflows:read");
  const { id } = await loadVersion(ctx, name);
  const routes = await aliasRoutes(ctx, name);
  const [before] = page.cursor === undefined ? [] : decodeCursor(page.cursor, 1);
  const rows = await ctx.db
    .select()
    .from(workflowVersions)
    .where(
      and(
        eq(workflowVersions.tenantId, ctx.tenant.id),
        eq(workflowVersions.name, name),
        before === undefined ? undefined : lt(workflowVersions.version, Number(before)),
      ),
    )
    .orderBy(desc(workflowVersions.version))
    .limit(page.limit + 1);
  return pageOf(
    rows,
    page.limit,
    (row) => [String(row.version)],
    (row) => ({
      ...toWorkflow(id, row),
      aliases: routes.filter(({ version }) => version === row.version).map(({ alias, weight }) => ({ alias, weight })),
    }),
  );
}

/** Which aliases lead to which versions. */
async function aliasRoutes(
  ctx: ServiceContext,
  name: string,
): Promise<{ alias: string; version: number; weight: number }[]> {
  const rows = await ctx.db
    .select({ alias: workflowAliases.alias, routes: workflowAliases.routes })
    .from(workflowAliases)
    .where(and(eq(workflowAliases.tenantId, ctx.tenant.id), eq(workflowAliases.workflow, name)))
    .orderBy(workflowAliases.alias);
  return rows.flatMap(({ alias, routes }) => routes.map((route) => ({ alias, ...route })));
}

export function isVersion(ctx: ServiceContext, name: string, version: number) {
  return and(
    eq(workflowVersions.tenantId, ctx.tenant.id),
    eq(workflowVersions.name, name),
    eq(workflowVersions.version, version),
  );
}
