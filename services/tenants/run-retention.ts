import { type AnyColumn, and, gte, isNull, type SQL, sql } from "drizzle-orm";
import { DAY_MS, MINUTE_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { tenants } from "./table.ts";

const DEFAULT_DAYS = 30;
/** A few times as long as the sweep that asks is away. */
const RECENT_MS = 5 * MINUTE_MS;

/** How long ended runs of the tenant stay where they can be rewound: the setting `runRetentionDays`, as SQL. */
export function runRetentionMs(tenantId: string | AnyColumn | SQL): SQL<number> {
  const days = sql`case when json_type(${tenants.settings}, '$.runRetentionDays') in ('integer', 'real')
    then max(0, json_extract(${tenants.settings}, '$.runRetentionDays')) else ${DEFAULT_DAYS} end`;
  const ofTenant = sql`(select ${days} from ${tenants} where ${tenants.id} = ${tenantId})`;
  return sql<number>`cast(coalesce(${ofTenant}, ${DEFAULT_DAYS}) * ${DAY_MS} as integer)`;
}

/** Tenants whose settings may have changed of late. */
export async function recentlyUpdatedTenants(platform: PlatformContext, limit: number): Promise<string[]> {
  const rows = await platform.db
    .select({ id: tenants.id })
    .from(tenants)
    .where(
      and(
        isNull(tenants.deletedAt),
        gte(tenants.updatedAt, platform.clock.now() - RECENT_MS),
        sql`${tenants.updatedAt} > ${tenants.createdAt}`,
      ),
    )
    .limit(limit);
  return rows.map(({ id }) => id);
}
