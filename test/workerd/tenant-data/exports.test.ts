import { describe, expect, it } from "vitest";
import { DAY_MS } from "../../../domain/kernel/time.ts";
import { pruneTasks } from "../../../services/jobs/stored-tasks.ts";
import { exportTenant } from "../../../services/tenant-data/export-tenant.ts";
import { openTenantExport, startTenantExport } from "../../../services/tenant-data/exports.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { eventually } from "../../support/a-run.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { aFullTenant, keysOf } from "./a-full-tenant.ts";

interface Line {
  kind?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of a line
  data?: any;
  export?: number;
}

async function anExport(owner: TestMember): Promise<string> {
  const asked = await owner.call("/v1/tenant/export", { method: "POST" });
  expect(asked).toMatchObject({ status: 202, body: { type: "tenant.export" } });
  await eventually(
    async () => (await owner.call(`/v1/jobs/${asked.body.id}`)).body,
    ({ status }) => status === "succeeded",
  );
  return asked.body.id;
}

async function download(owner: TestMember, id: string): Promise<{ text: string; lines: Line[] }> {
  const response = await owner.fetch(`/v1/tenant/exports/${id}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("application/jsonl");
  const text = await response.text();
  return {
    text,
    lines: text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  };
}

describe("the export of a tenant", { timeout: 60_000 }, () => {
  it("holds what the tenant has, in the database and in files", async () => {
    const owner = await aFullTenant();
    const id = await anExport(owner);
    const { lines } = await download(owner, id);
    expect(lines[0]).toMatchObject({ export: 1, tenant: { id: owner.tenantId, name: "Full tenant" } });
    const of = (kind: string) => lines.filter((line) => line.kind === kind).map(({ data }) => data);
    expect(of("memberships")).toHaveLength(2);
    expect(of("memberships")).toContainEqual(expect.objectContaining({ email: owner.email, role: "owner" }));
    expect(of("workflows").map(({ name }) => name)).toEqual(["long", "short"]);
    expect(of("runs")).toHaveLength(2);
    expect(of("providers")).toMatchObject([{ name: "mine", createdAt: expect.stringMatching(/^\d{4}-/) }]);
    expect(of("audit_entries").length).toBeGreaterThan(5);
    const text = of("file").find(({ path }) => path.endsWith("/text"));
    expect(Buffer.from(text.base64, "base64").toString()).toBe("Thirty days a year.");
    const { body: job } = await owner.call(`/v1/jobs/${id}`);
    expect(job.result).toMatchObject({ lines: lines.length, url: expect.stringContaining(`/v1/tenant/exports/${id}`) });
  });

  it("holds no secret, not even as a digest, and nothing of another tenant", async () => {
    const [owner, other] = [await aFullTenant(), await aFullTenant()];
    const { text } = await download(owner, await anExport(owner));
    expect(text).not.toContain("sk-very-secret-key");
    expect(text).not.toMatch(/"(?:hash|tokenHash|sealedApiKey|sealedHeaders|sealedSecret|clientSecret)"/);
    expect(text).not.toContain(other.tenantId);
    expect(text).not.toContain(other.email);
  });

  it("goes on after a break where its last part ended", async () => {
    const owner = await aTenant();
    const body = { blob: "x".repeat(900_000) };
    for (let i = 0; i < 8; i++) {
      await owner.call(`/v1/buckets/big/objects/file-${i}.json`, { method: "PUT", body });
    }
    const ctx = { ...owner.ctx, actor: { kind: "system", name: "queue" } as const };
    const jobId = ctx.ids.next("job");
    let puts = 0;
    const files = {
      ...ctx.ports.files,
      put: (...args: Parameters<typeof ctx.ports.files.put>) => {
        if (++puts === 3) throw new Error("the connection broke");
        return ctx.ports.files.put(...args);
      },
    };
    await expect(exportTenant({ ...ctx, ports: { ...ctx.ports, files } }, jobId)).rejects.toThrow("broke");
    await exportTenant(ctx, jobId);
    const parts = (await keysOf(owner.tenantId)).filter((key) => key.includes("/export/"));
    expect(parts.length).toBeGreaterThan(1);
    const texts = await Promise.all(parts.map((key) => ctx.ports.files.text(`${owner.tenantId}/${key}`)));
    const lines: Line[] = texts
      .join("")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const paths = lines.filter(({ kind }) => kind === "file").map(({ data }) => data.path);
    expect(paths).toHaveLength(8);
    expect(new Set(paths).size).toBe(8);
    expect(lines.filter((line) => line.export === 1)).toHaveLength(1);
  });

  it("is made one at a time", async () => {
    const owner = await aTenant();
    const silent = { ...owner.ctx.ports, queue: { send: async () => {} } };
    await startTenantExport({ ...owner.ctx, ports: silent });
    expectProblem(await owner.call("/v1/tenant/export", { method: "POST" }), 409, "conflict");
  });

  it("is recorded when it is asked for and when it is taken", async () => {
    const owner = await aTenant();
    const id = await anExport(owner);
    await download(owner, id);
    const { body } = await owner.call("/v1/audit-entries");
    expect(body.data.map(({ action }: { action: string }) => action).slice(0, 2)).toEqual([
      "tenant.export-downloaded",
      "tenant.export-asked",
    ]);
  });

  it("is gone after seven days, and so are its files", async () => {
    const owner = await aTenant();
    const id = await anExport(owner);
    const later = { now: () => Date.now() + 7 * DAY_MS + 1_000 };
    const refused = await openTenantExport({ ...owner.ctx, clock: later }, id).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "not-found" });
    expect(await keysOf(owner.tenantId)).not.toEqual([]);
    await pruneTasks(aPlatform({ clock: later }));
    expect(await keysOf(owner.tenantId)).toEqual([]);
    expectProblem(await owner.call(`/v1/tenant/exports/${id}`), 404, "not-found");
  });

  it("is not what another job has made", async () => {
    const owner = await aTenant();
    await owner.call("/v1/knowledge-bases", { body: { name: "Gone" } });
    const { body: bases } = await owner.call("/v1/knowledge-bases");
    await owner.call(`/v1/knowledge-bases/${bases.data[0].id}`, { method: "DELETE" });
    const { body: jobs } = await owner.call("/v1/jobs");
    expectProblem(await owner.call(`/v1/tenant/exports/${jobs.data[0].id}`), 404, "not-found");
  });
});

refusesTheWrongActor({
  name: "POST /v1/tenant/export",
  permission: "tenant:export",
  namesResource: false,
  arrange: async () => ({ path: "/v1/tenant/export", method: "POST" }),
});
refusesTheWrongActor({
  name: "GET /v1/tenant/exports/{id}",
  permission: "tenant:export",
  namesResource: true,
  arrange: async (owner) => ({ path: `/v1/tenant/exports/${await anExport(owner)}` }),
  absent: { path: "/v1/tenant/exports/job_01m9t6r3a8k2p0x4c7v5b1n9q6" },
});
