import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aMember, anApiKey, aTenant } from "../../support/a-tenant.ts";
import { bearer, call } from "../../support/client.ts";
import { expectProblem, refusesTheWrongActor } from "../../support/guards.ts";
import { setLimits } from "../../support/operator.ts";

const perMinute = (limit: number) => ({ limit, windowSeconds: 60 });

// Buckets refill by the clock, which stands.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("rate limits", () => {
  it("are told with every answer to a caller that is known, refusals included", async () => {
    const owner = await aTenant();
    const found = await owner.call("/v1/tenant");
    expect(found.headers.get("ratelimit-policy")).toBe(
      '"requests";q=6000;w=60, "requests-per-principal";q=6000;w=60, "reads";q=6000;w=60',
    );
    expect(found.headers.get("ratelimit")).toMatch(/^"requests";r=5999;t=1, "requests-per-principal";r=5999;t=1, /);
    const absent = await owner.call("/v1/runs/run_0000000000000000000000000z");
    expect(absent.status).toBe(404);
    expect(absent.headers.get("ratelimit")).toMatch(/^"requests";r=5998;/);
    expect((await call("/v1/tenant")).headers.get("ratelimit")).toBeNull();
  });

  it("answer 429 with the policy that was violated and when to come back", async () => {
    const owner = await aTenant();
    await setLimits(owner, { requests: perMinute(3) });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await owner.call("/v1/tenant")).status);
    expect(statuses).toEqual([200, 200, 200]);
    const refused = await owner.call("/v1/tenant");
    expectProblem(refused, 429, "rate-limited");
    expect(refused.body["violated-policies"]).toEqual(["requests"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(19);
    expect(refused.headers.get("ratelimit-policy")).toMatch(/^"requests";q=3;w=60/);
    expect(refused.headers.get("ratelimit")).toMatch(/^"requests";r=0;t=20/);
  });

  it("let exactly the limit through when 300 calls come at once", async () => {
    const owner = await aTenant();
    await setLimits(owner, { requests: { limit: 100, windowSeconds: 86_400 } });
    const answers = await Promise.all(Array.from({ length: 300 }, () => owner.call("/v1/tenant")));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(200);
  }, 30_000);

  it("are one tenant's alone", async () => {
    const [noisy, quiet] = [await aTenant(), await aTenant()];
    await setLimits(noisy, { requests: perMinute(1) });
    await noisy.call("/v1/tenant");
    expect((await noisy.call("/v1/tenant")).status).toBe(429);
    expect((await quiet.call("/v1/tenant")).status).toBe(200);
  });

  it("are shared by the members of a tenant, and each has a limit of its own within", async () => {
    const owner = await aTenant();
    const viewer = await aMember(owner, "viewer");
    await setLimits(owner, { "requests-per-principal": perMinute(2) });
    for (let i = 0; i < 2; i++) await owner.call("/v1/tenant");
    expect((await owner.call("/v1/tenant")).body["violated-policies"]).toEqual(["requests-per-principal"]);
    expect((await viewer.call("/v1/tenant")).status).toBe(200);
  });

  it("count kinds of calls apart", async () => {
    const owner = await aTenant();
    await setLimits(owner, { writes: perMinute(1) });
    await owner.call("/v1/tenant", { method: "PATCH", body: { name: "One" } });
    const refused = await owner.call("/v1/tenant", { method: "PATCH", body: { name: "Two" } });
    expect(refused.body["violated-policies"]).toEqual(["writes"]);
    expect((await owner.call("/v1/tenant")).body.name).toBe("One");
  });

  it("are not used up by calls that were refused", async () => {
    const owner = await aTenant();
    await setLimits(owner, { writes: perMinute(1), requests: perMinute(10) });
    for (let i = 0; i < 5; i++) await owner.call("/v1/tenant", { method: "PATCH", body: { name: "One" } });
    const { headers } = await owner.call("/v1/tenant");
    expect(headers.get("ratelimit")).toMatch(/^"requests";r=8;/);
  });

  it("hold for API keys, too, and are told in the words of the clients of models", async () => {
    const owner = await aTenant();
    const { key } = await anApiKey(owner, ["llm:read"]);
    await setLimits(owner, { reads: perMinute(1) });
    await call("/v1/models", { headers: bearer(key) });
    const refused = await call("/v1/models", { headers: bearer(key) });
    expect(refused.status).toBe(429);
    expect(refused.body.error.code).toBe("rate_limit_exceeded");
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect(refused.headers.get("ratelimit")).toContain('"reads";r=0;');
  });

  it("in force are those of the last change, at once where it was made", async () => {
    const owner = await aTenant();
    await setLimits(owner, { requests: perMinute(1) });
    await owner.call("/v1/tenant");
    expect((await owner.call("/v1/tenant")).status).toBe(429);
    await setLimits(owner, { requests: perMinute(5) });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await owner.call("/v1/tenant")).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
    await setLimits(owner, {});
    expect((await owner.call("/v1/tenant")).headers.get("ratelimit-policy")).toContain('"requests";q=6000;w=60');
  });
});

describe("GET /v1/limits", () => {
  it("tells every limit, its source and how much is used", async () => {
    const owner = await aTenant();
    for (let i = 0; i < 4; i++) await owner.call("/v1/tenant");
    await setLimits(owner, { writes: { limit: 7, windowSeconds: 10 }, runs: { limit: 5 } });
    const { status, body } = await owner.call("/v1/limits");
    expect(status).toBe(200);
    const byName = Object.fromEntries(body.limits.map((limit: { name: string }) => [limit.name, limit]));
    expect(byName.requests).toMatchObject({ limit: 6_000, windowSeconds: 60, source: "plan" });
    expect(byName.requests.used + byName.requests.remaining).toBe(6_000);
    expect(byName.requests.used).toBeGreaterThanOrEqual(1);
    expect(byName.writes).toMatchObject({ limit: 7, windowSeconds: 10, used: 0, remaining: 7, source: "operator" });
    expect(byName.runs).toMatchObject({ limit: 5, used: 0, remaining: 5, source: "operator" });
    expect(byName.runs.windowSeconds).toBeUndefined();
    expect(Date.parse(byName.runs.resetsAt)).toBeGreaterThan(Date.now());
  });

  it("counts what the edge holds as not used", async () => {
    const owner = await aTenant();
    await owner.call("/v1/tenant");
    const { body } = await owner.call("/v1/limits");
    expect(body.limits[0]).toMatchObject({ name: "requests", used: 2 });
  });

  refusesTheWrongActor({
    name: "GET /v1/limits",
    permission: "settings:read",
    namesResource: false,
    arrange: async () => ({ path: "/v1/limits" }),
  });
});

describe("a quota", () => {
  const machine = { StartAt: "A", States: { A: { Type: "Pass", End: true } } };

  it("stops what it counts with a way to a larger plan, and nothing else", async () => {
    const owner = await aTenant();
    await owner.call("/v1/workflows/counted", { method: "PUT", body: { definition: machine } });
    await setLimits(owner, { runs: { limit: 2 } });
    const start = () => owner.call("/v1/workflows/counted/runs", { method: "POST", body: {} });
    expect([(await start()).status, (await start()).status]).toEqual([201, 201]);
    const refused = await start();
    expectProblem(refused, 429, "quota-exceeded");
    expect(refused.body["violated-policies"]).toEqual(["runs"]);
    expect(refused.body.upgradeUrl).toMatch(/^http/);
    const wait = Number(refused.headers.get("retry-after"));
    expect(refused.headers.get("ratelimit-policy")).toMatch(/, "runs";q=2;w=\d+$/);
    expect(refused.headers.get("ratelimit")).toMatch(new RegExp(`, "runs";r=0;t=${wait}$`));
    expect((await owner.call("/v1/runs")).status).toBe(200);
  });

  it("does not count what came to nothing", async () => {
    const owner = await aTenant();
    await setLimits(owner, { runs: { limit: 1 } });
    for (let i = 0; i < 3; i++) {
      const { status } = await owner.call("/v1/workflows/absent/runs", { method: "POST", body: {} });
      expect(status).toBe(404);
    }
    const { body } = await owner.call("/v1/limits");
    expect(body.limits.find(({ name }: { name: string }) => name === "runs")).toMatchObject({ used: 0 });
  });
});
