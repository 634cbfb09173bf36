import { env } from "cloudflare:workers";
import { aRun, chain, eventually } from "../../support/a-run.ts";
import { aMember, anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";

/** A tenant with something in every store, and a run that waits. */
export async function aFullTenant(): Promise<TestMember> {
  const owner = await aTenant("Full tenant");
  await aMember(owner, "viewer");
  await anApiKey(owner, ["runs:read"]);
  await owner.call("/v1/invitations", { body: { email: `guest-${owner.userId}@example.com`, role: "viewer" } });
  const { body: base } = await owner.call("/v1/knowledge-bases", { body: { name: "Handbook" } });
  await owner.call(`/v1/knowledge-bases/${base.id}/documents`, {
    body: { title: "Leave", text: "Thirty days a year." },
  });
  await owner.call("/v1/providers/mine", {
    method: "PUT",
    body: { kind: "openai-compatible", baseUrl: "https://models.example.com", apiKey: "sk-very-secret-key" },
  });
  await owner.call("/v1/functions/mine", { method: "PUT", body: { url: "https://example.com/hook" } });
  await owner.call("/v1/buckets/reports/objects/one.json", { method: "PUT", body: { total: 1 } });
  await aRun(owner, chain(2), { wait: 5, workflow: "short" });
  await aRun(
    owner,
    { StartAt: "Rest", States: { Rest: { Type: "Wait", Seconds: 3_600, End: true } } },
    { workflow: "long" },
  );
  await owner.call("/v1/schedules", { body: { workflow: "short", cron: "0 0 1 1 *" } });
  await eventually(
    async () => (await owner.call("/v1/runs")).body.data,
    (runs) => runs.length === 2,
  );
  await eventually(
    async () => (await owner.call(`/v1/knowledge-bases/${base.id}/documents`)).body.data,
    ([document]) => document?.status === "indexed",
  );
  return owner;
}

/** The tables in which a row names the tenant, with how many do, by the database's own word. */
export async function rowsOf(tenantId: string): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare(
    "select name from sqlite_master where type = 'table' and sql like '%tenant_id%'",
  ).all<{ name: string }>();
  const found: Record<string, number> = {};
  for (const { name } of results) {
    const row = await env.DB.prepare(`select count(*) as rows from "${name}" where tenant_id = ?`)
      .bind(tenantId)
      .first<{ rows: number }>();
    if (row !== null && row.rows > 0) found[name] = row.rows;
  }
  return found;
}

export async function keysOf(tenantId: string): Promise<string[]> {
  const { objects } = await env.FILES.list({ prefix: `${tenantId}/` });
  return objects.map(({ key }) => key.slice(tenantId.length + 1));
}
