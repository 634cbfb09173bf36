import { describe, expect, it } from "vitest";
import { addressBlock, isLoopback } from "../../../domain/kernel/address.ts";
import { endpointOf, failsOpen, isOpenWhileSuspended } from "../../../domain/limits/endpoint.ts";
import { LimitOverrides } from "../../../domain/limits/limit.ts";
import { rateLimitFields } from "../../../domain/limits/rate-limit-fields.ts";

describe("the RateLimit fields", () => {
  it("never tells more than the quota, though a lease stands beside a bucket that has filled up again", () => {
    const state = { name: "requests", limit: 100, windowSeconds: 60, remaining: 113, moreInMs: 0 };
    expect(rateLimitFields([state]).ratelimit).toBe('"requests";r=100;t=1');
  });

  it("are lists of quoted names with whole numbers", () => {
    const states = [
      { name: "requests", limit: 100, windowSeconds: 60, remaining: 50, moreInMs: 29_001 },
      { name: "reads", limit: 10, windowSeconds: 1, remaining: 0, moreInMs: 0 },
    ];
    expect(rateLimitFields(states)).toEqual({
      "ratelimit-policy": '"requests";q=100;w=60, "reads";q=10;w=1',
      ratelimit: '"requests";r=50;t=30, "reads";r=0;t=1',
    });
  });
});

describe("the class of an operation", () => {
  const classOf = (method: string, path: string, id: string, access: string) =>
    endpointOf({ method, path, id, access });

  it("follows what it does", () => {
    expect(classOf("get", "/v1/runs", "listRuns", "runs:read").class).toBe("reads");
    expect(classOf("post", "/v1/knowledge-bases/{id}/search", "search", "knowledge:read").class).toBe("reads");
    expect(classOf("put", "/v1/workflows/{name}", "putWorkflow", "workflows:write").class).toBe("writes");
    expect(classOf("post", "/v1/chat/completions", "createChatCompletion", "llm:write")).toEqual({
      class: "model-calls",
      quota: { name: "llm-tokens", cost: 0 },
    });
    expect(classOf("post", "/v1/workflows/{name}/runs", "startRun", "runs:write")).toEqual({
      class: "run-starts",
      quota: { name: "runs", cost: 1 },
    });
    expect(classOf("post", "/v1/auth/logout", "logOut", "signed-in").class).toBe("account");
    expect(classOf("post", "/v1/billing/portal", "openPortal", "billing:write").class).toBe("billing");
  });

  it("lets the suspended look, export, sign out and pay", () => {
    expect(isOpenWhileSuspended(classOf("post", "/v1/tenant/export", "exportTenant", "settings:write").class)).toBe(
      true,
    );
    expect(isOpenWhileSuspended("billing")).toBe(true);
    expect(isOpenWhileSuspended("writes")).toBe(false);
    expect(isOpenWhileSuspended("run-starts")).toBe(false);
    expect(isOpenWhileSuspended("model-calls")).toBe(false);
  });

  it("fails closed where it signs in or costs money", () => {
    expect(["account", "billing", "model-calls", "run-starts"].map((name) => failsOpen(name as "account"))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(failsOpen("reads")).toBe(true);
  });
});

describe("the caller's part of an address", () => {
  it("is all of IPv4 and the first half of IPv6", () => {
    expect(addressBlock("203.0.113.7")).toBe("203.0.113.7");
    expect(addressBlock("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
    expect(addressBlock("2001:0DB8:0001:0002::9")).toBe("2001:db8:1:2");
    expect(addressBlock("2001:db8::1")).toBe("2001:db8:0:0");
    expect(addressBlock("::ffff:203.0.113.7")).toBe("203.0.113.7");
  });

  it("is this machine's own for loopback addresses", () => {
    expect(["127.0.0.1", "::1", "::ffff:127.0.0.1"].every(isLoopback)).toBe(true);
    expect(isLoopback("203.0.113.7")).toBe(false);
  });
});

describe("what an operator sets", () => {
  const refused = (body: unknown) => !LimitOverrides.safeParse(body).success;

  it("needs a reason, known names and limits above nothing", () => {
    expect(refused({ limits: { requests: { limit: 5, windowSeconds: 60 } } })).toBe(true);
    expect(refused({ limits: { requests: { limit: 5, windowSeconds: 60 } }, reason: " " })).toBe(true);
    expect(refused({ limits: { wishes: { limit: 5, windowSeconds: 60 } }, reason: "x" })).toBe(true);
    expect(refused({ limits: { requests: { limit: 0, windowSeconds: 60 } }, reason: "x" })).toBe(true);
    expect(refused({ limits: { requests: { limit: 5, windowSeconds: 0 } }, reason: "x" })).toBe(true);
    expect(refused({ limits: { runs: { limit: 5, windowSeconds: 60 } }, reason: "x" })).toBe(true);
    expect(refused({ limits: { runs: { limit: 0 }, requests: { limit: 5, windowSeconds: 60 } }, reason: "x" })).toBe(
      false,
    );
  });
});
