import { and, asc, eq, gt } from "drizzle-orm";
import { sha256Hex } from "../../domain/kernel/digest.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { Alias, PutAlias } from "../../domain/workflows/alias.ts";
import { drawVersion } from "../../domain/workflows/alias.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { changeTime, ifStill, ifStillAsRead, lost, requireMatch } from "../preconditions.ts";
import { isVersion, loadVersion } from "./find-workflow.ts";
import { workflowAliases, workflowVersions } from "./table.ts";

type AliasRow = typeof workflowAliases.$inferSelect;

function toAlias({ tenantId: _, ...row }: AliasRow): Alias {
  return { ...row, createdAt: isoTime(row.createdAt), updatedAt: isoTime(row.updatedAt) };
}

/** Points the alias at its versions, and tells whether there was none before. */
export async function putAlias(
  ctx: ServiceContext,
  workflow: string,
  alias: string,
  { routes, description = null }: PutAlias,
): Promise<{ alias: Alias; isNew: boolean }> {
  requirePermission(ctx, "workflows:write");
  await loadVersion(ctx, workflow);
  const before = await findAlias(ctx, workflow, alias);
  requireMatch(ctx, before === null ? null : toAlias(before));
  const target = { routes, description };
  const createdAt = before?.createdAt ?? ctx.clock.now();
  const updatedAt = changeTime(ctx, before);
  const row = { tenantId: ctx.tenant.id, workflow, alias, ...target, createdAt, updatedAt };
  await commit(ctx, {
    change: [
      // Each must find its row: a version that is removed at the same moment undoes the alias.
      ...routes.map(({ version }) =>
        ctx.db
          .update(workflowVersions)
          .set({ name: workflow })
          .where(isVersion(ctx, workflow, version)),
      ),
      ctx.db
        .insert(workflowAliases)
        .values(row)
        .onConflictDoUpdate({
          target: [workflowAliases.tenantId, workflowAliases.workflow, workflowAliases.alias],
          set: { ...target, updatedAt },
          setWhere: ifStillAsRead(ctx, workflowAliases.updatedAt, before),
        }),
    ],
    audit: {
      action: before === null ? "workflow-alias.created" : "workflow-alias.updated",
      target: { type: "workflow", id: workflow },
      details: { alias, ...(before !== null && { before: before.routes }), after: routes },
    },
    conflict: lost(ctx, () =>
      problem("validation-failed", { errors: [{ pointer: "/routes", detail: "names a version that does not exist" }] }),
    ),
  });
  return { alias: toAlias(row), isNew: before === null };
}

export async function getAlias(ctx: ServiceContext, workflow: string, alias: string): Promise<Alias> {
  requirePermission(ctx, "workflows:read");
  return toAlias(await loadAlias(ctx, workflow, alias));
}

/** The aliases of one workflow, by name. */
export async function listAliases(ctx: ServiceContext, workflow: string, page: PageRequest): Promise<Page<Alias>> {
  requirePermission(ctx, "workflows:read");
  await loadVersion(ctx, workflow);
  const [after = ""] = page.cursor === undefined ? [] : decodeCursor(page.cursor, 1);
  const rows = await ctx.db
    .select()
    .from(workflowAliases)
    .where(
      and(
        eq(workflowAliases.tenantId, ctx.tenant.id),
        eq(workflowAliases.workflow, workflow),
        gt(workflowAliases.alias, after),
      ),
    )
    .orderBy(asc(workflowAliases.alias))
    .limit(page.limit + 1);
  return pageOf(rows, page.limit, (row) => [row.alias], toAlias);
}

export async function deleteAlias(ctx: ServiceContext, workflow: string, alias: string): Promise<void> {
  requirePermission(ctx, "workflows:write");
  const before = await loadAlias(ctx, workflow, alias);
  requireMatch(ctx, toAlias(before));
  await commit(ctx, {
    change: ctx.db
      .delete(workflowAliases)
      .where(and(isAlias(ctx, workflow, alias), ifStill(ctx, eq(workflowAliases.updatedAt, before.updatedAt)))),
    audit: { action: "workflow-alias.deleted", target: { type: "workflow", id: workflow }, details: { alias } },
    conflict: lost(ctx, () => notFound("alias")),
  });
}

/** The version that a start by alias gets: by chance, save that a named run always gets the same while the routes stay. */
export async function versionOfAlias(
  ctx: ServiceContext,
  workflow: string,
  alias: string,
  runName: string | undefined,
): Promise<number> {
  const { routes } = await loadAlias(ctx, workflow, alias);
  const chance =
    runName === undefined ? ctx.random.next() : chanceOf(`${ctx.tenant.id}\n${workflow}\n${alias}\n${runName}`);
  const version = drawVersion(routes, chance);
  if (version === null) throw new Error("The weights of an alias sum to nothing.");
  return version;
}

async function loadAlias(ctx: ServiceContext, workflow: string, alias: string): Promise<AliasRow> {
  const row = await findAlias(ctx, workflow, alias);
  if (row === null) throw notFound("alias");
  return row;
}

async function findAlias(ctx: ServiceContext, workflow: string, alias: string): Promise<AliasRow | null> {
  const [row] = await ctx.db
    .select()
    .from(workflowAliases)
    .where(isAlias(ctx, workflow, alias))
    .limit(1);
  return row ?? null;
}

function isAlias(ctx: ServiceContext, workflow: string, alias: string) {
  return and(
    eq(workflowAliases.tenantId, ctx.tenant.id),
    eq(workflowAliases.workflow, workflow),
    eq(workflowAliases.alias, alias),
  );
}

function chanceOf(text: string): number {
  return Number.parseInt(sha256Hex(text).slice(0, 8), 16) / 2 ** 32;
}
