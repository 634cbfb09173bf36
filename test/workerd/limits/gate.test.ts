import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { problem } from "../../../domain/kernel/problem.ts";
import type { Endpoint } from "../../../domain/limits/endpoint.ts";
import type { PlatformContext } from "../../../services/context.ts";
import { sessions } from "../../../services/identity/table.ts";
import { admitBearer, admitPrincipal } from "../../../services/limits/admit.ts";
import { countUse } from "../../../services/limits/count-use.ts";
import { KNOWN_MS } from "../../../services/limits/leases.ts";
import type { GateReply, GateRequest, TenantGates } from "../../../services/limits/ports.ts";
import { limitOverrides, standings } from "../../../services/limits/table.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { anApiKey, aTenant, type TestMember } from "../../support/a-tenant.ts";
import { asOperator, setLimits } from "../../support/operator.ts";

const read: Endpoint = { class: "reads", quota: null };
const start: Endpoint = { class: "run-starts", quota: { name: "runs", cost: 1 } };
const write: Endpoint = { class: "writes", quota: null };
const model: Endpoint = { class: "model-calls", quota: { name: "llm-tokens", cost: 0 } };
const LEASE_MS = 2_000;

// The clock of this isolate and of the objects in it, moved by hand.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** The platform, with every question to a gate noted. */
function watched(): { platform: PlatformContext & { settled(): Promise<void> }; asked: GateRequest[] } {
  const plain = aPlatform();
  const asked: GateRequest[] = [];
  const tenantGates: TenantGates = {
    of(tenantId) {
      const gate = plain.ports.tenantGates.of(tenantId);
      return {
        admit: (request) => {
          asked.push(request);
          return gate.admit(request);
        },
        limits: gate.limits,
        standing: gate.standing,
        count: gate.count,
      };
    },
  };
  return { platform: { ...plain, ports: { ...plain.ports, tenantGates } }, asked };
}

function withoutGates(): PlatformContext {
  const plain = aPlatform();
  const down = async (): Promise<never> => {
    throw problem("unavailable");
  };
  const tenantGates: TenantGates = { of: () => ({ admit: down, limits: down, standing: down, count: down }) };
  return { ...plain, ports: { ...plain.ports, tenantGates } };
}

const remaining = async (owner: TestMember, name: string): Promise<number> => {
  const { body } = await owner.call("/v1/limits");
  return body.limits.find((limit: { name: string }) => limit.name === name).remaining;
};

describe("admitting a call", () => {
  it("asks the gate once, and then lives on the lease", async () => {
    const owner = await aTenant();
    const { platform, asked } = watched();
    for (let i = 0; i < 9; i++) {
      const admission = await admitBearer(platform, owner.token, read);
      expect(admission?.refusal).toBeNull();
      expect(admission?.rates[0]).toMatchObject({ name: "requests", remaining: 5_999 - i });
    }
    expect(asked.filter(({ cost }) => cost === 1)).toHaveLength(1);
    await platform.settled();
  });

  it("asks nobody for a tenant that is at its limit, until the bucket refills", async () => {
    const owner = await aTenant();
    await setLimits(owner, { requests: { limit: 1, windowSeconds: 10 } });
    const { platform, asked } = watched();
    const codes = [];
    for (let i = 0; i < 20; i++) codes.push((await admitBearer(platform, owner.token, read))?.refusal?.code);
    expect(codes.filter((code) => code === "rate-limited")).toHaveLength(19);
    expect(asked).toHaveLength(2);
    pass(10_000);
    expect((await admitBearer(platform, owner.token, read))?.refusal).toBeNull();
  });

  it("lends a part of a quota to an isolate that starts run after run, and takes back what it did not need", async () => {
    const owner = await aTenant();
    await setLimits(owner, { runs: { limit: 10_000 } });
    const { platform, asked } = watched();
    for (let i = 0; i < 40; i++) expect((await admitBearer(platform, owner.token, start))?.refusal).toBeNull();
    const questions = asked.filter(({ cost }) => cost === 1);
    expect(questions.length).toBeLessThan(10);
    // As another isolate sees it: what is lent counts as used.
    const used = async () => {
      const limits = await platform.ports.tenantGates.of(owner.tenantId).limits("user:1", {}, false);
      return limits.find(({ name }) => name === "runs")?.used ?? 0;
    };
    expect(await used()).toBeGreaterThan(40);
    pass(LEASE_MS);
    await platform.settled();
    expect(await used()).toBe(40);
  });

  it("counts every start by itself where the quota has little left, whoever asks", async () => {
    const owner = await aTenant();
    await setLimits(owner, { runs: { limit: 100 } });
    const { platform } = watched();
    const all = await Promise.all(Array.from({ length: 300 }, () => admitBearer(platform, owner.token, start)));
    expect(all.filter((admission) => admission?.refusal === null)).toHaveLength(100);
  });

  it("gives back a start that was paid for from a lease and came to nothing", async () => {
    const owner = await aTenant();
    await setLimits(owner, { runs: { limit: 10_000 } });
    const platform = aPlatform();
    for (let i = 0; i < 20; i++) (await admitBearer(platform, owner.token, start))?.refund?.();
    expect(
      await vi.waitFor(async () => {
        const left = await remaining(owner, "runs");
        expect(left).toBe(10_000);
        return left;
      }),
    ).toBe(10_000);
  });

  it("counts a caller who was known in another way", async () => {
    const owner = await aTenant();
    await setLimits(owner, { "requests-per-principal": { limit: 1, windowSeconds: 60 } });
    const principal = { tenantId: owner.tenantId, actor: owner.ctx.actor, expiresAt: null };
    expect((await admitPrincipal(aPlatform(), principal, read))?.refusal).toBeNull();
    expect((await admitPrincipal(aPlatform(), principal, read))?.refusal?.code).toBe("rate-limited");
    // It is the same person as behind the token.
    expect((await admitBearer(aPlatform(), owner.token, read))?.refusal?.code).toBe("rate-limited");
  });
});

describe("what another isolate changed", () => {
  const bound = LEASE_MS + KNOWN_MS;

  it("is bounded by three seconds", () => {
    expect(bound).toBeLessThanOrEqual(3_000);
  });

  it("locks a revoked session out when the lease and the gate's memory have ended", async () => {
    const owner = await aTenant();
    const platform = aPlatform();
    pass(KNOWN_MS);
    await admitBearer(platform, owner.token, read);
    await platform.db.update(sessions).set({ endedAt: Date.now() }).where(eq(sessions.id, owner.sessionId));
    expect(await admitBearer(platform, owner.token, read)).not.toBeNull();
    pass(bound);
    expect(await admitBearer(platform, owner.token, read)).toBeNull();
  });

  it("suspends the tenant", async () => {
    const owner = await aTenant();
    const platform = aPlatform();
    pass(KNOWN_MS);
    expect((await admitBearer(platform, owner.token, write))?.refusal).toBeNull();
    const now = Date.now();
    await platform.db
      .insert(standings)
      .values({ tenantId: owner.tenantId, plan: "free", suspendedAt: now, updatedAt: now });
    expect((await admitBearer(platform, owner.token, write))?.refusal).toBeNull();
    pass(bound);
    expect((await admitBearer(platform, owner.token, write))?.refusal?.code).toBe("tenant-suspended");
    expect((await admitBearer(platform, owner.token, read))?.refusal).toBeNull();
  });

  it("limits the tenant", async () => {
    const owner = await aTenant();
    const platform = aPlatform();
    pass(KNOWN_MS);
    await admitBearer(platform, owner.token, read);
    await platform.db
      .insert(limitOverrides)
      .values({ tenantId: owner.tenantId, name: "requests", limit: 2, windowSeconds: 3_600, setAt: 0 });
    pass(bound);
    const codes = [];
    for (let i = 0; i < 4; i++) codes.push((await admitBearer(platform, owner.token, read))?.refusal?.code ?? null);
    expect(codes).toEqual([null, null, "rate-limited", "rate-limited"]);
  });

  it("is not seen too late by an isolate that revoked something itself: it asks for fresh knowledge", async () => {
    const owner = await aTenant();
    const { key, id } = await anApiKey(owner, ["settings:read"]);
    const platform = aPlatform();
    expect(await admitBearer(platform, key, read)).not.toBeNull();
    await owner.call(`/v1/api-keys/${id}`, { method: "DELETE" });
    expect(await admitBearer(platform, key, read)).toBeNull();
  });
});

describe("a gate that does not answer", () => {
  it("lets reads and writes go on by the database alone, without headers", async () => {
    const owner = await aTenant();
    const { key } = await anApiKey(owner, ["*"]);
    for (const token of [owner.token, key]) {
      for (const endpoint of [read, write]) {
        expect(await admitBearer(withoutGates(), token, endpoint)).toMatchObject({ refusal: null, rates: [] });
      }
    }
    expect(await admitBearer(withoutGates(), `${owner.token.slice(0, -4)}AAAA`, read)).toBeNull();
  });

  it("still keeps out who was suspended or signed out", async () => {
    const owner = await aTenant();
    await asOperator(`/tenants/${owner.tenantId}/suspend`, { method: "POST", body: { reason: "a test" } });
    expect((await admitBearer(withoutGates(), owner.token, write))?.refusal?.code).toBe("tenant-suspended");
    await owner.call("/v1/auth/logout", { method: "POST" });
    expect(await admitBearer(withoutGates(), owner.token, read)).toBeNull();
  });

  it.each(["account", "billing", "model-calls", "run-starts"] as const)("refuses %s with 503", async (name) => {
    const owner = await aTenant();
    const admitted = admitBearer(withoutGates(), owner.token, { class: name, quota: null });
    await expect(admitted).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
  });
});

describe("the gate as an object", () => {
  /** The object loses its memory, after what it counted has come to rest. */
  const evict = async (owner: TestMember) => {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await evictDurableObject(env.TENANT_GATE.getByName(owner.tenantId));
  };

  it("remembers what a period used through an eviction, and tells the owners at 80 percent", async () => {
    const owner = await aTenant();
    await setLimits(owner, { "llm-tokens": { limit: 1_000 } });
    await countUse(aPlatform(), owner.tenantId, "llm-tokens", 850);
    await evict(owner);
    expect(await remaining(owner, "llm-tokens")).toBe(150);
    await countUse(aPlatform(), owner.tenantId, "llm-tokens", 200);
    expect((await admitBearer(aPlatform(), owner.token, model))?.refusal?.code).toBe("quota-exceeded");

    vi.useRealTimers();
    await vi.waitFor(async () => {
      const { body } = await owner.call("/v1/audit-entries?action=quota.mark-reached");
      const marks = body.data.map(({ details }: { details: { percent: number } }) => details.percent);
      expect(marks.sort()).toEqual([100, 80]);
      const mails = await asOperator(`/mailbox?to=${owner.email}`);
      expect(mails.body.data).toHaveLength(2);
    });
  });

  it("remembers its buckets through an eviction", async () => {
    const owner = await aTenant();
    await setLimits(owner, { requests: { limit: 5, windowSeconds: 3_600 } });
    for (let i = 0; i < 5; i++) await owner.call("/v1/tenant");
    await evict(owner);
    pass(LEASE_MS);
    expect((await owner.call("/v1/tenant")).status).toBe(429);
  });

  it("begins a new billing period with nothing used", async () => {
    const owner = await aTenant();
    await countUse(aPlatform(), owner.tenantId, "documents", 5);
    const request: GateRequest = {
      principal: "user:1",
      endpoint: { class: "writes", quota: { name: "documents", cost: 1 } },
      cost: 1,
      spare: 0,
      spareQuota: 0,
      returned: {},
      credential: null,
      isFresh: false,
    };
    pass(32 * 86_400_000);
    const reply: GateReply = await aPlatform().ports.tenantGates.of(owner.tenantId).admit(request);
    expect(reply.decision?.verdict.allowed).toBe(true);
    const limits = await aPlatform().ports.tenantGates.of(owner.tenantId).limits("user:1", {}, false);
    expect(limits.find(({ name }) => name === "documents")?.used).toBe(1);
  });

  it("does not take a credential of another tenant", async () => {
    const [owner, other] = [await aTenant(), await aTenant()];
    const claims = await owner.ctx.ports.tokenSigner.verify(owner.token);
    if (claims === null) throw new Error("The token is valid.");
    const reply = await aPlatform()
      .ports.tenantGates.of(other.tenantId)
      .admit({
        principal: `user:${owner.userId}`,
        endpoint: read,
        cost: 1,
        spare: 0,
        spareQuota: 0,
        returned: {},
        credential: { kind: "session", claims },
        isFresh: false,
      });
    expect(reply).toMatchObject({ principal: null, decision: null });
  });
});
