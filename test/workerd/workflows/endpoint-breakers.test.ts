import { describe, expect, it, vi } from "vitest";
import type { Json } from "../../../domain/kernel/json.ts";
import { problem } from "../../../domain/kernel/problem.ts";
import type { ServiceContext } from "../../../services/context.ts";
import type { OutboundResponse } from "../../../services/ports.ts";
import { performTask } from "../../../services/workflows/perform-task.ts";
import { aPlatform } from "../../support/a-platform.ts";
import { aTenant, type TestMember } from "../../support/a-tenant.ts";

// An outside that is played: what an address does is told by the test.
const URL = "https://api.example.com/things";
const unreached = () => problem("unavailable", { members: { reason: "network" } });
const answer = (status: number): OutboundResponse => ({
  status,
  headers: new Headers({ "content-type": "application/json" }),
  text: async () => "{}",
  stream: null,
});

function anOutside(member: TestMember, says: () => OutboundResponse) {
  const fetch = vi.fn(async () => says());
  const platform = aPlatform();
  const ports = { ...platform.ports, outbound: { ...platform.ports.outbound, fetch } };
  const ctx: ServiceContext = { ...platform, ports, tenant: { id: member.tenantId }, actor: member.ctx.actor };
  let asked = 0;
  const task = (resource: string, input: Json) =>
    performTask(ctx, {
      ...{ runId: "run_0", key: `run_0/0/Call/${asked++}`, state: "Call", depth: 0, maxPayloadBytes: 262_144 },
      ...{ resource, input, signal: new AbortController().signal },
    });
  const get = (url = URL) => task("weft:http:request", { url });
  return { fetch, get, task };
}

async function breakers(member: TestMember) {
  return (await member.call("/v1/breakers")).body.data;
}

describe("an endpoint that nobody answers for", () => {
  it("is given up after ten calls: the eleventh fails at once, and it shows", async () => {
    const member = await aTenant();
    const { fetch, get } = anOutside(member, () => {
      throw unreached();
    });
    for (let n = 0; n < 10; n++) expect(await get()).toMatchObject({ kind: "failed", error: "Weft.Unavailable" });
    expect(await get()).toEqual({
      kind: "failed",
      error: "Weft.Unavailable",
      cause: "https://api.example.com has failed too often and is not called for now.",
    });
    expect(fetch).toHaveBeenCalledTimes(10);
    expect(await breakers(member)).toMatchObject([
      { kind: "endpoint", provider: "endpoint", model: "https://api.example.com", state: "open", failureRate: 1 },
    ]);
    await get("https://other.example.com/");
    expect(fetch).toHaveBeenCalledTimes(11);
  });

  it("is one for its functions and for Step Functions' own HTTP task, and no other tenant's", async () => {
    const member = await aTenant();
    const { fetch, get, task } = anOutside(member, () => answer(503));
    await member.call("/v1/functions/score", { method: "PUT", body: { url: "https://api.example.com/score" } });
    for (let n = 0; n < 10; n++) await get();
    const called = await task("weft:function:call", { name: "score" });
    const invoked = await task("arn:aws:states:::http:invoke", { ApiEndpoint: URL, Method: "GET" });
    for (const outcome of [called, invoked]) expect(outcome).toMatchObject({ error: "Weft.Unavailable" });
    expect(fetch).toHaveBeenCalledTimes(10);
    const other = anOutside(await aTenant(), () => answer(200));
    expect(await other.get()).toMatchObject({ kind: "succeeded" });
  });

  it("is tried again by one call after its time, and called as before once that was answered", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const member = await aTenant();
      let status = 504;
      const { fetch, get } = anOutside(member, () => answer(status));
      for (let n = 0; n < 11; n++) await get();
      status = 200;
      vi.setSystemTime(Date.now() + 5_000);
      expect(await get()).toMatchObject({ kind: "succeeded" });
      await vi.waitFor(async () => expect((await breakers(member))[0]).toMatchObject({ state: "closed", opens: 1 }));
      expect(await get()).toMatchObject({ kind: "succeeded" });
      expect(fetch).toHaveBeenCalledTimes(12);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([500, 404, 429])("is not one that answers %i: that is its own word", async (status) => {
    const member = await aTenant();
    const { fetch, get } = anOutside(member, () => answer(status));
    for (let n = 0; n < 12; n++) expect(await get()).toMatchObject({ error: `States.Http.StatusCode.${status}` });
    expect(fetch).toHaveBeenCalledTimes(12);
  });

  it("is not one that may not be called", async () => {
    const member = await aTenant();
    const forbidden = anOutside(member, () => {
      throw problem("forbidden-target");
    });
    for (let n = 0; n < 12; n++) expect(await forbidden.get()).toMatchObject({ error: "Weft.ForbiddenTarget" });
    expect(forbidden.fetch).toHaveBeenCalledTimes(12);
  });
});
