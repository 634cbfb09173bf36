import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { asProblem } from "../../../domain/kernel/problem.ts";
import { DAY_MS, MINUTE_MS } from "../../../domain/kernel/time.ts";
import { placeOf } from "../../../domain/workflows/run-place.ts";
import { runStoredTask } from "../../../services/jobs/stored-tasks.ts";
import { ALL_ROWS } from "../../../services/tenant-data/all-rows.ts";
import { askForErasures, eraseTenant } from "../../../services/tenant-data/erase-tenant.ts";
import { handleTask } from "../../../workers/queues/handlers.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { eventually } from "../../support/a-run.ts";
import { aTenant } from "../../support/a-tenant.ts";
import { tablesWithRows } from "../workflows/an-object.ts";
import { aFullTenant, keysOf, rowsOf } from "./a-full-tenant.ts";

/** As the queue does: again and again while runs have not ended. */
function erased(tenantId: string): Promise<boolean> {
  return eventually(
    async () => {
      try {
        await eraseTenant(aPlatform(), tenantId);
        return true;
      } catch (error) {
        if (asProblem(error)?.retryable !== true) throw error;
        return false;
      }
    },
    (isDone) => isDone,
  );
}

describe("what a tenant has in the database", () => {
  it("is listed table by table, by the area that owns it", async () => {
    const { results } = await env.DB.prepare(
      "select name from sqlite_master where type = 'table' and sql like '%tenant_id%'",
    ).all<{ name: string }>();
    const tables = results.map(({ name }) => name);
    expect(tables.length).toBeGreaterThan(20);
    expect(ALL_ROWS.map(({ name }) => name).sort()).toEqual(tables.sort());
  });
});

describe("a deleted tenant", { timeout: 60_000 }, () => {
  it("leaves its audit log behind, and nothing else in any store", async () => {
    const [owner, neighbour] = [await aFullTenant(), await aFullTenant()];
    const before = { rows: await rowsOf(neighbour.tenantId), keys: await keysOf(neighbour.tenantId) };
    expect(Object.keys(await rowsOf(owner.tenantId)).length).toBeGreaterThan(12);
    const { body: base } = await owner.call("/v1/knowledge-bases");
    expect((await owner.call("/v1/tenant", { method: "DELETE" })).status).toBe(204);
    await erased(owner.tenantId);

    const left = Object.keys(await rowsOf(owner.tenantId));
    expect(left.filter((name) => !["audit_entries", "audit_unsealed"].includes(name))).toEqual([]);
    expect((await keysOf(owner.tenantId)).filter((key) => !key.startsWith("audit/"))).toEqual([]);
    const index = owner.ctx.ports.knowledgeIndexes.of(owner.tenantId, base.data[0].id, 0);
    expect(await index.stats()).toMatchObject({ documents: 0, chunks: 0 });
    expect(
      await env.DB.prepare("select name, settings, erased_at from tenants where id = ?").bind(owner.tenantId).first(),
    ).toEqual({ name: "", settings: "{}", erased_at: expect.any(Number) });
    expect({ rows: await rowsOf(neighbour.tenantId), keys: await keysOf(neighbour.tenantId) }).toEqual(before);
  });

  it("leaves nothing in the objects of its runs and schedules", async () => {
    const owner = await aFullTenant();
    const { body: runs } = await owner.call("/v1/runs");
    const { body: schedules } = await owner.call("/v1/schedules");
    await owner.call("/v1/tenant", { method: "DELETE" });
    await erased(owner.tenantId);
    const objects = new Set<string>(runs.data.map(({ id }: { id: string }) => placeOf(id).object));
    for (const object of objects) {
      const stub = env.WORKFLOW_RUN.get(env.WORKFLOW_RUN.idFromName(`${owner.tenantId}:${object}`));
      await evictDurableObject(stub);
      expect(await tablesWithRows(stub)).toEqual(["archived"]);
    }
    const schedule = env.SCHEDULER.get(env.SCHEDULER.idFromName(`${owner.tenantId}:${schedules.data[0].id}`));
    expect(await runInDurableObject(schedule, (_object, state) => state.storage.getAlarm())).toBeNull();
  });

  it("may be erased again without harm", async () => {
    const owner = await aTenant();
    await owner.call("/v1/tenant", { method: "DELETE" });
    await erased(owner.tenantId);
    await erased(owner.tenantId);
    expect(Object.keys(await rowsOf(owner.tenantId)).filter((name) => !name.startsWith("audit_"))).toEqual([]);
  });

  it("keeps the time for which its audit log stays", async () => {
    const owner = await aTenant();
    const settings = { auditRetentionDays: 90, theme: "dark" };
    await owner.call("/v1/tenant", { method: "PATCH", body: { settings } });
    await owner.call("/v1/tenant", { method: "DELETE" });
    await erased(owner.tenantId);
    const row = await env.DB.prepare("select settings from tenants where id = ?").bind(owner.tenantId).first();
    expect(row).toEqual({ settings: '{"auditRetentionDays":90}' });
  });

  it("is erased by the clock once it may come back no more", async () => {
    const owner = await aTenant();
    await owner.call("/v1/tenant", { method: "DELETE" });
    const tasksOf = () =>
      env.DB.prepare("select id, status from tasks where type = 'tenant.erase' and payload like ?")
        .bind(`%${owner.tenantId}%`)
        .all<{ id: string; status: string }>()
        .then(({ results }) => results);
    const window = aPlatform().settings.erasureAfterMs;
    // Tenants that other tests deleted are due as well, so only this one's task is run here.
    const silent = { send: async () => {} };
    const { ports } = aPlatform();
    const at = (ms: number) => aPlatform({ clock: { now: () => Date.now() + ms }, ports: { ...ports, queue: silent } });
    await askForErasures(at(window - MINUTE_MS));
    expect(await tasksOf()).toEqual([]);
    await askForErasures(at(window + MINUTE_MS));
    await askForErasures(at(window + 2 * MINUTE_MS));
    const [task] = await tasksOf();
    expect(await tasksOf()).toMatchObject([{ status: "queued" }]);
    const later = at(window + 3 * MINUTE_MS);
    const ctx = { ...later, tenant: { id: "platform" }, actor: { kind: "system", name: "queue" } as const };
    const outcome = await runStoredTask(later, { id: task?.id ?? "", tenantId: "platform" }, (one) =>
      handleTask(ctx, one),
    );
    expect(outcome).toBe("done");
    await askForErasures(at(window + DAY_MS));
    expect(await tasksOf()).toMatchObject([{ status: "succeeded" }]);
  });
});

describe("a tenant that is not deleted", () => {
  it("is never erased, whoever asks", async () => {
    const owner = await aTenant();
    const refused = await eraseTenant(aPlatform(), owner.tenantId).catch((error: unknown) => asProblem(error)?.code);
    expect(refused).toBe("conflict");
    expect((await owner.call("/v1/tenant")).status).toBe(200);
  });
});
