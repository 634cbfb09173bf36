import { and, desc, eq, isNull, lt } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import { loadVersion } from "./find-workflow.ts";
import { publishedVersions, workflowAliases } from "./table.ts";

// Every change of a workflow makes a version here; Step Functions' clients publish the ones that they mean to keep. Publishing
// marks the newest version and keeps its number.

export interface PublishedVersion {
  version: number;
  description: string | null;
  publishedAt: number;
}

/** Publishes the newest version, once: published again it stays as it is. */
export async function publishVersion(
  ctx: ServiceContext,
  workflow: string,
  { description = null, expected }: { description?: string | null; expected?: number },
): Promise<PublishedVersion> {
  requirePermission(ctx, "workflows:write");
  const { row } = await loadVersion(ctx, workflow);
  const { version } = row;
  if (expected !== undefined && expected !== version) {
    throw problem("conflict", { detail: `The newest revision is ${version}.` });
  }
  const known = await findPublished(ctx, workflow, version);
  if (known !== null && known.withdrawnAt === null) return known;
  const published = {
    tenantId: ctx.tenant.id,
    workflow,
    version,
    description,
    publishedAt: ctx.clock.now(),
    withdrawnAt: null,
  };
  await commit(ctx, {
    change: ctx.db
      .insert(publishedVersions)
      .values(published)
      .onConflictDoUpdate({
        target: [publishedVersions.tenantId, publishedVersions.workflow, publishedVersions.version],
        set: published,
      }),
    audit: {
      action: "workflow.version-published",
      target: { type: "workflow", id: workflow },
      details: { name: workflow, version },
    },
  });
  return published;
}

/** Newest first. */
export async function listPublishedVersions(
  ctx: ServiceContext,
  workflow: string,
  page: PageRequest,
): Promise<Page<PublishedVersion>> {
  requirePermission(ctx, "workflows:read");
  await loadVersion(ctx, workflow);
  const [before] = page.cursor === undefined ? [] : decodeCursor(page.cursor, 1);
  const rows = await ctx.db
    .select()
    .from(publishedVersions)
    .where(
      and(
        ofWorkflow(ctx, workflow),
        isNull(publishedVersions.withdrawnAt),
        before === undefined ? undefined : lt(publishedVersions.version, Number(before)),
      ),
    )
    .orderBy(desc(publishedVersions.version))
    .limit(page.limit + 1);
  return pageOf(
    rows,
    page.limit,
    (row) => [String(row.version)],
    (row) => row,
  );
}

/** The version starts no more runs; those that stand on it go on. Refused while an alias leads to it. */
export async function withdrawVersion(ctx: ServiceContext, workflow: string, version: number): Promise<void> {
  requirePermission(ctx, "workflows:write");
  const known = await findPublished(ctx, workflow, version);
  if (known === null || known.withdrawnAt !== null) return;
  const aliases = await ctx.db
    .select({ alias: workflowAliases.alias, routes: workflowAliases.routes })
    .from(workflowAliases)
    .where(and(eq(workflowAliases.tenantId, ctx.tenant.id), eq(workflowAliases.workflow, workflow)));
  const using = aliases.find(({ routes }) => routes.some((route) => route.version === version));
  if (using !== undefined) {
    throw problem("conflict", { detail: `The alias ${using.alias} leads to version ${version}.` });
  }
  await commit(ctx, {
    change: ctx.db
      .update(publishedVersions)
      .set({ withdrawnAt: ctx.clock.now() })
      .where(and(ofWorkflow(ctx, workflow), eq(publishedVersions.version, version))),
    audit: {
      action: "workflow.version-withdrawn",
      target: { type: "workflow", id: workflow },
      details: { name: workflow, version },
    },
  });
}

export async function requireNotWithdrawn(ctx: ServiceContext, workflow: string, version: number): Promise<void> {
  const known = await findPublished(ctx, workflow, version);
  if (known !== null && known.withdrawnAt !== null) throw notFound("workflow version");
}

/** Null where the version was not published, or was withdrawn. */
export async function publishedVersion(
  ctx: ServiceContext,
  workflow: string,
  version: number,
): Promise<PublishedVersion | null> {
  requirePermission(ctx, "workflows:read");
  const found = await findPublished(ctx, workflow, version);
  return found?.withdrawnAt === null ? found : null;
}

async function findPublished(ctx: ServiceContext, workflow: string, version: number) {
  const [row] = await ctx.db
    .select()
    .from(publishedVersions)
    .where(and(ofWorkflow(ctx, workflow), eq(publishedVersions.version, version)))
    .limit(1);
  return row ?? null;
}

function ofWorkflow(ctx: ServiceContext, workflow: string) {
  return and(eq(publishedVersions.tenantId, ctx.tenant.id), eq(publishedVersions.workflow, workflow));
}
