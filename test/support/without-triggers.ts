import { env } from "cloudflare:workers";

/** Changes rows as somebody with the database in hand would: the triggers are put aside and put back as they were. */
export async function withoutAuditTriggers(change: () => Promise<unknown>): Promise<void> {
  const { results } = await env.DB.prepare(
    "select name, sql from sqlite_master where type = 'trigger' and tbl_name = 'audit_entries'",
  ).all<{ name: string; sql: string }>();
  await env.DB.batch(results.map(({ name }) => env.DB.prepare(`drop trigger ${name}`)));
  try {
    await change();
  } finally {
    await env.DB.batch(results.map(({ sql }) => env.DB.prepare(sql)));
  }
}
