import { and, asc, eq, gt } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { NamedFunction } from "../../domain/workflows/function.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { functions } from "./table.ts";

export type FunctionRow = typeof functions.$inferSelect;

export function toFunction(row: FunctionRow): NamedFunction {
  const { name, url, headerNames, sealedSecret, timeoutSeconds } = row;
  return {
    name,
    url,
    headerNames,
    hasSecret: sealedSecret !== null,
    timeoutSeconds,
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(row.updatedAt),
  };
}

export async function findFunction(ctx: ServiceContext, name: string): Promise<FunctionRow | null> {
  const [row] = await ctx.db.select().from(functions).where(isFunction(ctx, name)).limit(1);
  return row ?? null;
}

export async function getFunction(ctx: ServiceContext, name: string): Promise<NamedFunction> {
  requirePermission(ctx, "workflows:read");
  const row = await findFunction(ctx, name);
  if (row === null) throw notFound("function");
  return toFunction(row);
}

/** The tenant's functions, by name. */
export async function listFunctions(ctx: ServiceContext, page: PageRequest): Promise<Page<NamedFunction>> {
  requirePermission(ctx, "workflows:read");
  const [after = ""] = page.cursor === undefined ? [] : decodeCursor(page.cursor, 1);
  const rows = await ctx.db
    .select()
    .from(functions)
    .where(and(eq(functions.tenantId, ctx.tenant.id), gt(functions.name, after)))
    .orderBy(asc(functions.name))
    .limit(page.limit + 1);
  return pageOf(rows, page.limit, (row) => [row.name], toFunction);
}

export function isFunction(ctx: ServiceContext, name: string) {
  return and(eq(functions.tenantId, ctx.tenant.id), eq(functions.name, name));
}
