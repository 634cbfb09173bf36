import { and, eq, sql } from "drizzle-orm";
import { putLast } from "../../domain/kernel/bounded-map.ts";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import { readTogether } from "../asked-together.ts";
import type { ServiceContext } from "../context.ts";
import { tenants } from "./table.ts";

/** AWS: 256 KiB for one input, output or result. */
const DEFAULT_BYTES = 262_144;
/** How long an isolate starts runs by what it read: the bound on how long a change takes. */
const REMEMBERED_MS = 10 * SECOND_MS;
const MAX_REMEMBERED = 5_000;

const remembered = new Map<string, { bytes: number; until: number }>();
const readLimitOnce = readTogether<number>();

/** What one input, output or result of the tenant's new runs may have: the setting `maxPayloadBytes`. */
export function payloadLimit(ctx: ServiceContext): Promise<number> {
  return readLimitOnce(
    ctx.tenant.id,
    () => known(ctx),
    () => readLimit(ctx),
  );
}

function known({ tenant, clock }: ServiceContext): number | null {
  const limit = remembered.get(tenant.id);
  return limit !== undefined && limit.until > clock.now() ? limit.bytes : null;
}

async function readLimit(ctx: ServiceContext): Promise<number> {
  const tenantId = ctx.tenant.id;
  const now = ctx.clock.now();
  const bytes = (await findLimit(ctx)) ?? DEFAULT_BYTES;
  putLast(remembered, tenantId, { bytes, until: now + REMEMBERED_MS }, MAX_REMEMBERED);
  return bytes;
}

async function findLimit(ctx: ServiceContext): Promise<number | null> {
  const member = sql<number | null>`json_extract(${tenants.settings}, '$.maxPayloadBytes')`;
  const isNumber = sql`json_type(${tenants.settings}, '$.maxPayloadBytes') = 'integer'`;
  const [row] = await ctx.db
    .select({ bytes: member })
    .from(tenants)
    .where(and(eq(tenants.id, ctx.tenant.id), isNumber))
    .limit(1);
  return row?.bytes ?? null;
}
