import { sql } from "drizzle-orm";
import type { PlatformContext } from "../context.ts";
import { apiKeys } from "./table.ts";

/** A key, and the one at the beginning of the line of rotations that led to it. */
export interface KeyInLine {
  first: string;
  id: string;
}

/** These keys of a tenant, and all that have taken the place of each since, one after the other. */
export async function keyLines(
  { db }: PlatformContext,
  tenantId: string,
  ids: readonly string[],
): Promise<KeyInLine[]> {
  if (ids.length === 0) return [];
  return db.all<KeyInLine>(sql`
    with recursive line (first, id) as (
      select id, id from ${apiKeys}
      where tenant_id = ${tenantId} and id in (select value from json_each(${JSON.stringify(ids)}))
      union
      select line.first, ${apiKeys}.replaced_by from line join ${apiKeys} on ${apiKeys}.id = line.id
      where ${apiKeys}.tenant_id = ${tenantId} and ${apiKeys}.replaced_by is not null
    )
    select first, id from line`);
}
