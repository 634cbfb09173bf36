import { and, eq, gte, sum } from "drizzle-orm";
import { KEY_BUDGET, ROUTE_BUDGET } from "../../domain/llm/budget.ts";
import type { PlatformContext } from "../context.ts";
import { modelCalls } from "./table.ts";

/** What the calls that a budget bounds have cost since `from`, by the bill. */
export async function spentByBill(
  platform: PlatformContext,
  tenantId: string,
  budget: string,
  from: number,
): Promise<number> {
  const [row] = await platform.db
    .select({ usdMicros: sum(modelCalls.costUsdMicros).mapWith(Number) })
    .from(modelCalls)
    .where(and(eq(modelCalls.tenantId, tenantId), gte(modelCalls.startedAt, from), boundedBy(budget)));
  return row?.usdMicros ?? 0;
}

function boundedBy(budget: string) {
  if (budget.startsWith(ROUTE_BUDGET)) return eq(modelCalls.route, budget.slice(ROUTE_BUDGET.length));
  if (!budget.startsWith(KEY_BUDGET)) return undefined;
  return and(eq(modelCalls.actorType, "api-key"), eq(modelCalls.actorId, budget.slice(KEY_BUDGET.length)));
}
