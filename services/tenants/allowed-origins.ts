import { eq, isNull, sql } from "drizzle-orm";
import { putLast } from "../../domain/kernel/bounded-map.ts";
import { MINUTE_MS } from "../../domain/kernel/time.ts";
import type { PlatformContext } from "../context.ts";
import { tenants } from "./table.ts";

// Which web origins may read answers, from the tenants' setting `corsOrigins`.
//   O1  an answer to a known tenant is for the origins of that tenant alone.
//   O2  before the tenant is known (a preflight, a sign-in) an origin that any tenant named may ask.
//   O3  what was looked up holds for a minute in an isolate: the bound on how long a change takes.

const REMEMBERED_MS = MINUTE_MS;
const MAX_REMEMBERED = 1_000;

const remembered = new Map<string, { isAllowed: boolean; until: number }>();

export async function isOriginAllowed(
  platform: PlatformContext,
  origin: string,
  tenantId: string | null,
): Promise<boolean> {
  const key = `${tenantId ?? "*"} ${origin}`;
  const now = platform.clock.now();
  const known = remembered.get(key);
  if (known !== undefined && known.until > now) return known.isAllowed;
  const isAllowed = await isNamed(platform, origin, tenantId);
  putLast(remembered, key, { isAllowed, until: now + REMEMBERED_MS }, MAX_REMEMBERED);
  return isAllowed;
}

async function isNamed(platform: PlatformContext, origin: string, tenantId: string | null): Promise<boolean> {
  const names = sql`exists (select 1 from json_each(${tenants.settings}, '$.corsOrigins') where value = ${origin})`;
  const isOpen = isNull(tenants.deletedAt);
  const isMeant = tenantId === null ? isOpen : sql`${isOpen} and ${eq(tenants.id, tenantId)}`;
  const rows = await platform.db.select({ id: tenants.id }).from(tenants).where(sql`${isMeant} and ${names}`).limit(1);
  return rows.length > 0;
}
