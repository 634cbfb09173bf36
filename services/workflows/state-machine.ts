import { and, eq, gt, isNull } from "drizzle-orm";
import type { Json } from "../../domain/kernel/json.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import type { Workflow } from "../../domain/workflows/workflow.ts";
import { commit, type Statement } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { findVersion, IS_NEWEST, loadVersion, toWorkflow } from "./find-workflow.ts";
import { publishedVersions, stateMachines, workflows, workflowVersions } from "./table.ts";

// A workflow as Step Functions' clients know it: what they say beyond the definition has no effect here and is told back.

export interface StateMachineSettings {
  roleArn: string;
  logging: Json | null;
  tracing: Json | null;
  tags: Record<string, string>;
}

export interface StateMachine extends StateMachineSettings {
  workflow: Workflow;
  /** Of the workflow, not of the version. Milliseconds. */
  createdAt: number;
}

/** Null until a client of Step Functions has said something about the workflow. */
async function findSettings(ctx: ServiceContext, workflow: string): Promise<StateMachineSettings | null> {
  const [row] = await ctx.db
    .select()
    .from(stateMachines)
    .where(and(eq(stateMachines.tenantId, ctx.tenant.id), eq(stateMachines.workflow, workflow)))
    .limit(1);
  return row ?? null;
}

export async function getStateMachine(ctx: ServiceContext, name: string, version?: number): Promise<StateMachine> {
  requirePermission(ctx, "workflows:read");
  const [{ id, row }, settings, [head]] = await Promise.all([
    loadVersion(ctx, name, version),
    findSettings(ctx, name),
    ctx.db
      .select({ createdAt: workflows.createdAt })
      .from(workflows)
      .where(and(eq(workflows.tenantId, ctx.tenant.id), eq(workflows.name, name)))
      .limit(1),
  ]);
  return { ...(settings ?? NOTHING_SAID), workflow: toWorkflow(id, row), createdAt: head?.createdAt ?? row.createdAt };
}

const NOTHING_SAID: StateMachineSettings = { roleArn: "", logging: null, tracing: null, tags: {} };

export interface ListedStateMachine {
  name: string;
  type: Workflow["type"];
  createdAt: number;
}

export async function listStateMachines(ctx: ServiceContext, page: PageRequest): Promise<Page<ListedStateMachine>> {
  requirePermission(ctx, "workflows:read");
  const [after = ""] = page.cursor === undefined ? [] : decodeCursor(page.cursor, 1);
  const rows = await ctx.db
    .select({ name: workflows.name, type: workflowVersions.type, createdAt: workflows.createdAt })
    .from(workflows)
    .innerJoin(workflowVersions, IS_NEWEST)
    .where(and(eq(workflows.tenantId, ctx.tenant.id), isNull(workflows.deletedAt), gt(workflows.name, after)))
    .orderBy(workflows.name)
    .limit(page.limit + 1);
  return pageOf(
    rows,
    page.limit,
    (row) => [row.name],
    (row) => row,
  );
}

/** Keeps what a client said; members that are absent stay as they were. */
export async function changeSettings(
  ctx: ServiceContext,
  workflow: string,
  said: Partial<StateMachineSettings>,
): Promise<void> {
  await putSettings(ctx, workflow, { ...((await findSettings(ctx, workflow)) ?? NOTHING_SAID), ...said }, []);
}

/** Describes a workflow that begins: what was published under its name before it was deleted is no part of it. */
export async function beginSettings(
  ctx: ServiceContext,
  workflow: string,
  settings: StateMachineSettings,
): Promise<void> {
  const withdrawal = ctx.db
    .update(publishedVersions)
    .set({ withdrawnAt: ctx.clock.now() })
    .where(
      and(
        eq(publishedVersions.tenantId, ctx.tenant.id),
        eq(publishedVersions.workflow, workflow),
        isNull(publishedVersions.withdrawnAt),
      ),
    );
  await putSettings(ctx, workflow, settings, [withdrawal]);
}

async function putSettings(
  ctx: ServiceContext,
  workflow: string,
  settings: StateMachineSettings,
  also: Statement[],
): Promise<void> {
  requirePermission(ctx, "workflows:write");
  const { roleArn, logging, tracing, tags } = settings;
  const row = { roleArn, logging, tracing, tags, tenantId: ctx.tenant.id, workflow, updatedAt: ctx.clock.now() };
  await commit(ctx, {
    also,
    change: ctx.db
      .insert(stateMachines)
      .values(row)
      .onConflictDoUpdate({ target: [stateMachines.tenantId, stateMachines.workflow], set: row }),
    audit: {
      action: "workflow.described",
      target: { type: "workflow", id: workflow },
      details: { roleArn, logging, tracing, tags },
    },
  });
}

/** Adds tags, or removes those that are null. */
export async function changeTags(
  ctx: ServiceContext,
  workflow: string,
  changes: Record<string, string | null>,
): Promise<void> {
  requirePermission(ctx, "workflows:write");
  const { tags } = await getStateMachine(ctx, workflow);
  const merged = Object.entries({ ...tags, ...changes }).filter((tag): tag is [string, string] => tag[1] !== null);
  await changeSettings(ctx, workflow, { tags: Object.fromEntries(merged) });
}

/** The version that a run stands on, also when the workflow takes no more runs. */
export async function getVersionOfRun(ctx: ServiceContext, run: { workflow: string; version: number }) {
  requirePermission(ctx, "workflows:read");
  const [row, settings] = await Promise.all([
    findVersion(ctx, run.workflow, run.version),
    findSettings(ctx, run.workflow),
  ]);
  if (row === null) throw notFound("workflow version");
  return { ...(settings ?? NOTHING_SAID), workflow: toWorkflow("", row) };
}

/** Whether runs of the workflow are STANDARD or EXPRESS, for whoever may read or start them. */
export async function typeOfRuns(
  ctx: ServiceContext,
  permission: "runs:read" | "runs:write",
  workflow: string,
  version?: number,
): Promise<Workflow["type"]> {
  requirePermission(ctx, permission);
  return (await loadVersion(ctx, workflow, version)).row.type;
}

/** The role that the clients of Step Functions named for runs of the workflow; empty where they named none. */
export async function roleOfRuns(ctx: ServiceContext, workflow: string): Promise<string> {
  requirePermission(ctx, "runs:read");
  return (await findSettings(ctx, workflow))?.roleArn ?? "";
}
