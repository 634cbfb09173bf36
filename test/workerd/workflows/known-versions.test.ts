import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { SECOND_MS } from "../../../domain/kernel/time.ts";
import { versionToStart } from "../../../services/workflows/known-versions.ts";
import { chain } from "../../support/a-run.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { aWorkflow } from "./an-object.ts";

/** As another isolate would, of which this one hears nothing. */
async function deletedElsewhere(member: TestMember, name: string): Promise<void> {
  const { success } = await env.DB.prepare("update workflows set deleted_at = 1 where tenant_id = ? and name = ?")
    .bind(member.tenantId, name)
    .run();
  expect(success).toBe(true);
}

function start(member: TestMember, name: string, version?: number) {
  return member.call(`/v1/workflows/${name}/runs?wait=5`, {
    method: "POST",
    body: version === undefined ? {} : { version },
  });
}

describe("a start", () => {
  it("takes the version that was put a moment ago, and none that was removed", async () => {
    const member = await aTenant();
    await aWorkflow(member, "w", chain(1));
    expect((await start(member, "w")).body).toMatchObject({ version: 1, status: "succeeded" });
    await aWorkflow(member, "w", chain(2));
    expect((await start(member, "w")).body).toMatchObject({ version: 2 });
    expect((await start(member, "w", 1)).body).toMatchObject({ version: 1 });
    expect((await member.call("/v1/workflows/w/versions/1", { method: "DELETE" })).status).toBe(204);
    expect((await start(member, "w", 1)).status).toBe(404);
    expect((await member.call("/v1/workflows/w", { method: "DELETE" })).status).toBe(204);
    expect((await start(member, "w")).status).toBe(404);
  });

  it("sees within three seconds what was changed elsewhere", async () => {
    const member = await aTenant();
    await aWorkflow(member, "w", chain(1));
    await versionToStart(member.ctx, "w");
    await deletedElsewhere(member, "w");
    expect((await versionToStart(member.ctx, "w")).row.version).toBe(1);
    const later = { ...member.ctx, clock: { now: () => Date.now() + 3 * SECOND_MS } };
    await expect(versionToStart(later, "w")).rejects.toMatchObject({ code: "not-found" });
  });

  it("reads once with all that come together, and where that fails each by itself", async () => {
    const member = await aTenant();
    await aWorkflow(member, "w", chain(1));
    let reads = 0;
    const { db } = member.ctx;
    const counting = new Proxy(db, {
      get(target, name, self) {
        if (name === "select") reads++;
        return Reflect.get(target, name, self);
      },
    });
    const ctx = { ...member.ctx, db: counting };
    const found = await Promise.all(Array.from({ length: 5 }, () => versionToStart(ctx, "w")));
    expect(new Set(found.map(({ row }) => row.version))).toEqual(new Set([1]));
    expect(reads).toBe(1);
    const absent = await Promise.allSettled(Array.from({ length: 5 }, () => versionToStart(ctx, "absent")));
    expect(absent.map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
    expect(reads).toBe(6);
  });

  it("does not remember what it read while the workflow changed", async () => {
    const member = await aTenant();
    await aWorkflow(member, "w", chain(1));
    const reading = versionToStart(member.ctx, "w");
    await aWorkflow(member, "w", chain(2));
    await reading;
    expect((await versionToStart(member.ctx, "w")).row.version).toBe(2);
  });

  it("finds no workflow of another tenant, remembered or not", async () => {
    const [mine, theirs] = [await aTenant(), await aTenant()];
    await aWorkflow(mine, "w", chain(1));
    await versionToStart(mine.ctx, "w");
    expect((await start(theirs, "w")).status).toBe(404);
  });
});
