import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { entryText } from "../../../domain/audit/chain.ts";
import { verifyChainFile } from "../../../scripts/verify-audit/chain-file.ts";
import { auditEntries } from "../../../services/audit/table.ts";
import { commit } from "../../../services/commit.ts";
import { personKeys } from "../../../services/identity/table.ts";
import { aMember, anApiKey, aTenant, inTenant, type TestMember } from "../../support/a-tenant.ts";
import { call } from "../../support/client.ts";
import { withoutAuditTriggers } from "../../support/without-triggers.ts";

const client = { ip: "192.0.2.77", userAgent: "A very personal browser" };
const traces = /192\.0\.2\.77|very personal|Home of Ada/;

/** Acts as the member does from their own desk. */
async function act(member: TestMember, ctx = member.ctx): Promise<void> {
  const note = { action: "test.done", details: { n: 1 }, personal: { name: "Home of Ada" } };
  await commit({ ...ctx, client }, { change: [], audit: note });
}

const entriesOf = async (reader: TestMember) =>
  (await reader.call("/v1/audit-entries?action=test.done")).body.data as Record<string, unknown>[];

const rowsOf = ({ ctx, tenantId }: TestMember) =>
  ctx.db.select().from(auditEntries).where(eq(auditEntries.tenantId, tenantId));

async function expectValid(reader: TestMember, entries: number): Promise<void> {
  expect((await reader.call("/v1/audit-entries/verify")).body).toMatchObject({ valid: true, entries });
  const lines = (await (await reader.fetch("/v1/audit-entries/chain")).text()).trimEnd().split("\n");
  const keys = (await call("/.well-known/jwks.json")).body;
  const from = async function* () {
    yield* lines;
  };
  expect(await verifyChainFile(from(), keys)).toMatchObject({ valid: true });
}

describe("what the audit log tells about a person", { timeout: 30_000 }, () => {
  it("rests sealed, and is told to who reads the log", async () => {
    const owner = await aTenant();
    await act(owner);
    expect(JSON.stringify(await rowsOf(owner))).not.toMatch(traces);
    const told = { ...client, details: { n: 1, name: "Home of Ada" } };
    expect(await entriesOf(owner)).toMatchObject([told]);
    const csv = await (await owner.fetch("/v1/audit-entries?format=csv")).text();
    expect(csv).toContain(client.ip);
    const own = await owner.call("/v1/me/export");
    expect(own.body.auditEntries).toMatchObject([told, { action: "audit-log.read" }, { action: "audit-log.exported" }]);
  });

  it("is unreadable once the person is erased, in every tenant's log, and the chains hold", async () => {
    const [one, two] = [await aTenant(), await aTenant()];
    const ada = await aMember(one, "admin");
    const there = await inTenant(ada, two, "admin");
    const key = await anApiKey(ada, ["members:read"]);
    await act(ada);
    await act(ada, there.ctx);
    const byKey = { kind: "api-key", keyId: key.id, createdBy: ada.userId, role: "admin", scopes: [] } as const;
    await act(ada, { ...ada.ctx, actor: byKey });
    await act(one);
    expect((await entriesOf(one)).map(({ ip }) => ip)).toEqual([client.ip, client.ip, client.ip]);

    expect((await ada.call("/v1/me", { method: "DELETE" })).status).toBe(204);
    const [others, byAdasKey, adas] = await entriesOf(one);
    expect(others).toMatchObject({ ...client, actor: { id: one.userId } });
    for (const entry of [byAdasKey, adas]) {
      expect(entry).toMatchObject({ ip: null, userAgent: null, details: { n: 1 } });
    }
    expect(await entriesOf(two)).toMatchObject([{ actor: { id: ada.userId }, ip: null, userAgent: null }]);
    await expectValid(one, (await rowsOf(one)).length);
    await expectValid(two, (await rowsOf(two)).length);
  });

  it("of one who is gone is not written any more", async () => {
    const owner = await aTenant();
    const ada = await aMember(owner, "member");
    await act(ada);
    await ada.call("/v1/me", { method: "DELETE" });
    await act(ada);
    expect(JSON.stringify(await rowsOf(owner))).not.toMatch(traces);
    expect(await owner.ctx.db.select().from(personKeys).where(eq(personKeys.userId, ada.userId))).toEqual([]);
  });

  it("stands in clear in entries of before, and a chain of both kinds holds", async () => {
    const owner = await aTenant();
    const old = {
      ...{ id: owner.ctx.ids.next("aud"), tenantId: owner.tenantId, at: Date.now(), action: "test.done" },
      ...{ actorType: "user", actorId: owner.userId, targetType: null, targetId: null, ...client },
      ...{ requestId: "req_old", details: { n: 0 } },
    };
    const proof = owner.ctx.ports.auditWitness.prove(entryText(old));
    await owner.ctx.db.insert(auditEntries).values({ ...old, proof });
    await act(owner);
    expect(await entriesOf(owner)).toMatchObject([client, client]);
    await expectValid(owner, 3);
  });

  it("cannot be exchanged or taken out unseen", async () => {
    for (const personal of [null, "usr_other.1.aaaa.bbbb"]) {
      const owner = await aTenant();
      await act(owner);
      await expectValid(owner, 1);
      const isActed = eq(auditEntries.tenantId, owner.tenantId);
      await withoutAuditTriggers(() => owner.ctx.db.update(auditEntries).set({ personal }).where(isActed));
      const { body } = await owner.call("/v1/audit-entries/verify");
      expect(body).toMatchObject({ valid: false, fault: "altered" });
    }
  });
});
