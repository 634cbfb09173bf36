import { and, desc, eq, lt, or } from "drizzle-orm";
import { decodeCursor, type Page, type PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { GuardrailDecision } from "../../domain/llm/guardrail.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { guardrailDecisions } from "./table.ts";

/** What guardrails found in the tenant's calls, the latest first. */
export async function listGuardrailDecisions(
  ctx: ServiceContext,
  { limit, cursor }: PageRequest,
): Promise<Page<GuardrailDecision>> {
  requirePermission(ctx, "usage:read");
  const [at, id] = cursor === undefined ? [] : decodeCursor(cursor, 2);
  const time = Number(at);
  const before =
    id === undefined
      ? undefined
      : or(lt(guardrailDecisions.at, time), and(eq(guardrailDecisions.at, time), lt(guardrailDecisions.id, id)));
  const rows = await ctx.db
    .select()
    .from(guardrailDecisions)
    .where(and(eq(guardrailDecisions.tenantId, ctx.tenant.id), before))
    .orderBy(desc(guardrailDecisions.at), desc(guardrailDecisions.id))
    .limit(limit + 1);
  return pageOf(
    rows,
    limit,
    (row) => [String(row.at), row.id],
    ({ tenantId: _, ...row }) => ({
      ...row,
      at: isoTime(row.at),
    }),
  );
}
