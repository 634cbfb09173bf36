import { and, eq } from "drizzle-orm";
import { notFound, problem } from "../../domain/kernel/problem.ts";
import type { NamedFunction, PutFunction } from "../../domain/workflows/function.ts";
import { commit } from "../commit.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { changeTime, ifStill, ifStillAsRead, lost, requireMatch } from "../preconditions.ts";
import { type FunctionRow, findFunction, isFunction, toFunction } from "./find-function.ts";
import { forgetFunction, sealContext } from "./known-functions.ts";
import { functions } from "./table.ts";

/** Makes the tenant's function of that name what `input` says, and tells whether there was none before. */
export async function putFunction(
  ctx: ServiceContext,
  name: string,
  input: PutFunction,
): Promise<{ function: NamedFunction; isNew: boolean }> {
  requirePermission(ctx, "workflows:write");
  refuseForbidden(ctx, input.url);
  const before = await findFunction(ctx, name);
  requireMatch(ctx, before === null ? null : toFunction(before));
  const row = await rowOf(ctx, name, input, before);
  const { tenantId: _, name: __, createdAt: ___, ...changes } = row;
  await commit(ctx, {
    change: ctx.db
      .insert(functions)
      .values(row)
      .onConflictDoUpdate({
        target: [functions.tenantId, functions.name],
        set: changes,
        setWhere: ifStillAsRead(ctx, functions.updatedAt, before),
      }),
    audit: {
      action: before === null ? "function.created" : "function.updated",
      target: { type: "function", id: name },
      details: { ...(before !== null && { before: toFunction(before) }), after: toFunction(row) },
    },
    conflict: lost(ctx, () => problem("conflict")),
  });
  forgetFunction(ctx, name);
  return { function: toFunction(row), isNew: before === null };
}

export async function deleteFunction(ctx: ServiceContext, name: string): Promise<void> {
  requirePermission(ctx, "workflows:write");
  const before = await findFunction(ctx, name);
  if (before === null) throw notFound("function");
  requireMatch(ctx, toFunction(before));
  await commit(ctx, {
    change: ctx.db
      .delete(functions)
      .where(and(isFunction(ctx, name), ifStill(ctx, eq(functions.updatedAt, before.updatedAt)))),
    audit: { action: "function.deleted", target: { type: "function", id: name } },
    conflict: lost(ctx, () => notFound("function")),
  });
  forgetFunction(ctx, name);
}

function refuseForbidden(ctx: ServiceContext, url: string): void {
  const judgement = ctx.ports.outbound.judge(url);
  if (judgement.allowed) return;
  throw problem("forbidden-target", {
    detail: `The address ${judgement.reason}.`,
    errors: [{ pointer: "/url", detail: judgement.reason }],
  });
}

async function rowOf(
  ctx: ServiceContext,
  name: string,
  input: PutFunction,
  before: FunctionRow | null,
): Promise<FunctionRow> {
  const seal = (plain: string) => ctx.ports.secretBox.seal(plain, sealContext(ctx, name));
  // What is kept secret goes only where it was meant to go: another address needs it again.
  const kept = before !== null && before.url === input.url ? before : null;
  const { headers, secret } = input;
  return {
    tenantId: ctx.tenant.id,
    name,
    url: input.url,
    headerNames: headers === undefined ? (kept?.headerNames ?? []) : Object.keys(headers),
    sealedHeaders: headers === undefined ? (kept?.sealedHeaders ?? null) : await seal(JSON.stringify(headers)),
    sealedSecret: secret === undefined ? (kept?.sealedSecret ?? null) : secret === null ? null : await seal(secret),
    timeoutSeconds: input.timeoutSeconds,
    createdAt: before?.createdAt ?? ctx.clock.now(),
    updatedAt: changeTime(ctx, before),
  };
}
