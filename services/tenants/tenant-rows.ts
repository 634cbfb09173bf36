import { and, eq, getTableColumns, getTableName, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import { isoTime } from "../../domain/kernel/time.ts";
import type { PlatformContext, ServiceContext } from "../context.ts";

// What each area keeps of a tenant in the shared database, said once by the area that owns the table: what an export reads and
// an erasure removes. A test holds the lists against all tables with a `tenantId`.

type TenantTable = SQLiteTable & { tenantId: SQLiteColumn };

export interface TenantRows {
  name: string;
  /** Null for what is nobody's to carry away: secrets, leases, measures of our own. */
  page: ((ctx: ServiceContext, after: Key | null, limit: number) => Promise<ExportedRow[]>) | null;
  /** Null for what the law keeps. Removes at most `limit` rows and tells how many. */
  remove: ((platform: PlatformContext, tenantId: string, limit: number) => Promise<number>) | null;
  /** How many rows name the tenant. */
  count: (platform: PlatformContext, tenantId: string) => Promise<number>;
}

/** Where a page of rows goes on. */
export type Key = (string | number)[];

export interface ExportedRow {
  key: Key;
  value: Record<string, unknown>;
}

interface Choice<T extends TenantTable> {
  /** Columns that order the tenant's rows and name each of them; an index begins with them after the tenant. */
  by?: (keyof T["_"]["columns"] & string)[];
  /** Columns that stay: digests and sealed secrets. */
  without?: (keyof T["_"]["columns"] & string)[];
  isKept?: boolean;
}

/** The rows of a table, exported where `by` orders them. */
export function tenantRows<T extends TenantTable>(
  table: T,
  { by, without = [], isKept = false }: Choice<T> = {},
): TenantRows {
  const hidden: readonly string[] = ["tenantId", ...without];
  return {
    name: getTableName(table),
    page: by === undefined ? null : (ctx, after, limit) => pageOf(ctx, table, { by, hidden, after, limit }),
    remove: isKept ? null : (platform, tenantId, limit) => removeSome(platform, table, tenantId, limit),
    count: ({ db }, tenantId) => db.$count(table, eq(table.tenantId, tenantId)),
  };
}

async function pageOf(
  ctx: ServiceContext,
  table: TenantTable,
  { by, hidden, after, limit }: { by: readonly string[]; hidden: readonly string[]; after: Key | null; limit: number },
): Promise<ExportedRow[]> {
  const columns = getTableColumns(table);
  const order = by.flatMap((name) => columns[name] ?? []);
  const follows = after === null ? undefined : sql`(${list(order)}) > (${list(after.map((value) => sql`${value}`))})`;
  const rows = await ctx.db
    .select()
    .from(table)
    .where(and(eq(table.tenantId, ctx.tenant.id), follows))
    .orderBy(...order)
    .limit(limit);
  return rows.map((row) => ({
    key: by.map((name) => row[name] as string | number),
    value: Object.fromEntries(
      Object.entries(row)
        .filter(([name]) => !hidden.includes(name))
        .map(([name, value]) => [name, isTime(name, value) ? isoTime(value) : value]),
    ),
  }));
}

function list(items: readonly (SQL | SQLiteColumn)[]): SQL {
  return sql.join(
    items.map((item) => sql`${item}`),
    sql`, `,
  );
}

/** Times are integers in columns that end in At. */
function isTime(name: string, value: unknown): value is number {
  return typeof value === "number" && (name === "at" || name.endsWith("At"));
}

async function removeSome(
  platform: PlatformContext,
  table: TenantTable,
  tenantId: string,
  limit: number,
): Promise<number> {
  const some = sql`select rowid from ${table} where ${table.tenantId} = ${tenantId} limit ${limit}`;
  const { meta } = await platform.db.run(sql`delete from ${table} where rowid in (${some})`);
  return meta.changes;
}
