import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../../domain/kernel/time.ts";
import { verifyChainFile } from "../../../scripts/verify-audit/chain-file.ts";
import { insertEntriesOnce } from "../../../services/audit/insert-entries.ts";
import { sealAuditEntries } from "../../../services/audit/seal-audit-entries.ts";
import { commit } from "../../../services/commit.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";
import { call } from "../../support/client.ts";
import { refusesTheWrongActor } from "../../support/guards.ts";

for (const path of ["/v1/audit-entries?format=csv", "/v1/audit-entries/chain"]) {
  refusesTheWrongActor({
    name: `GET ${path}`,
    permission: "audit:read",
    arrange: async () => ({ path }),
    namesResource: false,
  });
}

async function acted(owner: TestMember, times: number, name = "plain"): Promise<void> {
  const audit = Array.from({ length: times }, (_, n) => ({ action: "test.done", details: { n, name } }));
  await commit({ ...owner.ctx, client: { ip: "192.0.2.7", userAgent: '=cmd|"x",1' } }, { change: [], audit });
}

describe("an export of the audit log", () => {
  it("holds every match beyond a page, as JSON Lines, newest first", async () => {
    const owner = await aTenant();
    await acted(owner, 120);
    await acted(await aTenant(), 3);
    const response = await owner.fetch("/v1/audit-entries?format=jsonl&action=test.done");
    expect(response.headers.get("content-type")).toBe("application/jsonl; charset=utf-8");
    const entries = (await response.text())
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries).toHaveLength(120);
    expect(entries.every(({ action }) => action === "test.done")).toBe(true);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(120);
  });

  it("as CSV quotes what needs it and defuses formulas", async () => {
    const owner = await aTenant();
    await acted(owner, 1, 'a "b", c');
    const text = await (await owner.fetch("/v1/audit-entries?format=csv&action=test.done")).text();
    const [head, row] = text.split("\r\n");
    expect(head).toBe("id,at,action,actorType,actorId,targetType,targetId,ip,userAgent,requestId,details");
    expect(row).toContain(`"'=cmd|""x"",1"`);
    expect(row).toContain(`"{""n"":0,""name"":""a \\""b\\"", c""}"`);
  });

  it("is itself recorded", async () => {
    const owner = await aTenant();
    await (await owner.fetch("/v1/audit-entries?format=csv")).text();
    const { body } = await owner.call("/v1/audit-entries?action=audit-log.exported");
    expect(body.data).toMatchObject([{ details: { format: "csv", filter: {} }, actor: { id: owner.userId } }]);
  });

  it("has a listing's like in the log: who read with which filter, once for all of its pages", async () => {
    const owner = await aTenant();
    await acted(owner, 3);
    const first = await owner.call("/v1/audit-entries?action=test.done&limit=1");
    await owner.call(`/v1/audit-entries?action=test.done&limit=1&cursor=${first.body.nextCursor}`);
    await owner.call("/v1/audit-entries?action=test.done&limit=1");
    const { body } = await owner.call("/v1/audit-entries?action=audit-log.read");
    expect(body.data).toMatchObject([{ actor: { id: owner.userId }, details: { filter: { action: "test.done" } } }]);
    expect((await owner.call("/v1/audit-entries?action=audit-log.read")).body.data).toHaveLength(2);
    expect((await owner.call("/v1/audit-entries?action=audit-log.read")).body.data).toHaveLength(2);
  });

  it("refuses a form that there is not", async () => {
    const owner = await aTenant();
    expect((await owner.call("/v1/audit-entries?format=xml")).status).toBe(422);
  });
});

describe("an exported chain, away from the platform", () => {
  async function exported(): Promise<{ lines: string[]; keys: never }> {
    const owner = await aTenant();
    const old = Array.from({ length: 3 }, () => ({
      ...{
        id: owner.ctx.ids.next("aud"),
        tenantId: owner.tenantId,
        at: Date.now() - 2 * HOUR_MS,
        action: "test.old",
      },
      ...{ actorType: "system", actorId: "test", targetType: null, targetId: null },
      ...{ ip: null, userAgent: null, requestId: "req_test", details: { big: 1e21, text: "\u{1f600}é" } },
    }));
    for (const statement of insertEntriesOnce(owner.ctx, old)) await statement;
    await sealAuditEntries(owner.ctx);
    await acted(owner, 4);
    const text = await (await owner.fetch("/v1/audit-entries/chain")).text();
    const keys = (await call("/.well-known/jwks.json")).body as never;
    return { lines: text.trimEnd().split("\n"), keys };
  }

  async function* from(lines: string[]) {
    yield* lines;
  }

  it("is valid with nothing but the public keys", async () => {
    const { lines, keys } = await exported();
    expect(await verifyChainFile(from(lines), keys)).toMatchObject({ valid: true, entries: 8, anchors: 1 });
  });

  it.each([
    ["an altered entry", (lines: string[]) => lines.map((line) => line.replace('"n":2', '"n":3')), "altered"],
    ["a removed line", (lines: string[]) => lines.filter((_, n) => n !== 3), "out-of-order"],
    ["two lines that changed places", ([a, b, c, d, ...rest]: string[]) => [a, b, d, c, ...rest], "out-of-order"],
    ["a tail that is cut below an anchor", (lines: string[]) => lines.slice(0, 4), "cut"],
    [
      "an anchor that was forged",
      ([a, b = "", ...rest]: string[]) => [a, b.replace(/.{4}"}$/, 'AAAA"}'), ...rest],
      "anchor",
    ],
  ])("with %s is not", async (_, change, fault) => {
    const { lines, keys } = await exported();
    const changed = change(lines) as string[];
    expect(await verifyChainFile(from(changed), keys)).toMatchObject({ valid: false, fault });
  });
});
