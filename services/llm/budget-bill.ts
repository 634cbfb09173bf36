import { and, eq, gte, type SQL, sql, sum } from "drizzle-orm";
import { KEY_BUDGET, ROUTE_BUDGET } from "../../domain/llm/budget.ts";
import type { PlatformContext } from "../context.ts";
import { keyLines } from "../identity/key-lines.ts";
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
    .where(
      and(
        eq(modelCalls.tenantId, tenantId),
        gte(modelCalls.startedAt, from),
        await boundedBy(platform, tenantId, budget),
      ),
    );
  return row?.usdMicros ?? 0;
}

async function boundedBy(platform: PlatformContext, tenantId: string, budget: string): Promise<SQL | undefined> {
  if (budget.startsWith(ROUTE_BUDGET)) return eq(modelCalls.route, budget.slice(ROUTE_BUDGET.length));
  if (!budget.startsWith(KEY_BUDGET)) return undefined;
  const line = await keyLines(platform, tenantId, [budget.slice(KEY_BUDGET.length)]);
  const ids = JSON.stringify(line.map(({ id }) => id));
  return and(eq(modelCalls.actorType, "api-key"), sql`${modelCalls.actorId} in (select value from json_each(${ids}))`);
}
