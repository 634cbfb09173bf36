import { describe, expect, it } from "vitest";
import { usageOf } from "../../../domain/analytics/usage.ts";
import { UsageQuery, usageDaysOf } from "../../../domain/analytics/usage-query.ts";
import { aUsageGroup } from "./a-usage-group.ts";

const NOON = Date.parse("2026-11-29T12:00:00Z");
const DAYS = { from: Date.parse("2026-11-01"), to: Date.parse("2026-12-01") };

function days(query: Record<string, string>, now = NOON): string[] {
  const { groupBy, ...span } = UsageQuery.parse(query);
  const { from, to } = usageDaysOf(span, groupBy, now);
  return [from, to].map((ms) => new Date(ms).toISOString().slice(0, 16));
}

describe("the days of usage", () => {
  it("are this month up to today when no time is given", () => {
    expect(days({})).toEqual(["2026-11-01T00:00", "2026-11-30T00:00"]);
  });

  it("begin with the month in which the last day lies", () => {
    expect(days({ to: "2026-03-01" })).toEqual(["2026-02-01T00:00", "2026-03-01T00:00"]);
    expect(days({}, Date.parse("2026-12-01T00:00:00Z"))).toEqual(["2026-12-01T00:00", "2026-12-02T00:00"]);
  });

  it("are whole ones of UTC: those that the span touches", () => {
    const span = { from: "2026-11-10T23:30:00+02:00", to: "2026-11-12T00:00:00.001Z" };
    expect(days(span)).toEqual(["2026-11-10T00:00", "2026-11-13T00:00"]);
    expect(days({ from: "2026-11-10", to: "2026-11-12" })).toEqual(["2026-11-10T00:00", "2026-11-12T00:00"]);
  });

  it("must not be empty", () => {
    expect(() => days({ from: "2026-11-10", to: "2026-11-10" })).toThrow(refusal("?from", "must lie before `to`"));
    expect(() => days({ from: "2026-11-30" })).toThrow(refusal("?from", "lies ahead, and no `to` is given"));
  });

  it("are 366 at most where each is told apart", () => {
    const year = { from: "2025-11-29", to: "2026-11-30" };
    expect(days({ ...year, groupBy: "day" })).toHaveLength(2);
    const longer = { from: "2025-11-28", to: "2026-11-30" };
    expect(days({ ...longer, groupBy: "model" })).toHaveLength(2);
    const detail = "must not lie more than 366 days before `to` where usage is grouped by day";
    expect(() => days({ ...longer, groupBy: "model,day" })).toThrow(refusal("?from", detail));
  });
});

describe("usage", () => {
  it("lists day by day each meter that was used, models, workflows and users in order, and none first", () => {
    const groups = [
      aUsageGroup("run", { day: "2026-11-02", runs: 1 }),
      aUsageGroup("chat", { day: "2026-11-02", calls: 1, model: "b/b" }),
      aUsageGroup("chat", { day: "2026-11-02", calls: 2, model: "a/a", user: "usr_2" }),
      aUsageGroup("chat", { day: "2026-11-02", calls: 3, model: "a/a", user: "usr_1", outputTokens: 4 }),
      aUsageGroup("chat", { day: "2026-11-02", calls: 5, model: "a/a", user: "" }),
      aUsageGroup("chat", { day: "2026-11-01", calls: 6, model: "a/a", user: "usr_1" }),
    ];
    const { data } = usageOf(groups, ["user", "model", "day"], DAYS);
    expect(data.map(({ day, meter, model, user, quantity }) => [day, meter, model, user, quantity])).toEqual([
      ["2026-11-01", "chat-calls", "a/a", "usr_1", 6],
      ["2026-11-02", "chat-calls", "a/a", null, 5],
      ["2026-11-02", "chat-calls", "a/a", "usr_1", 3],
      ["2026-11-02", "chat-calls", "a/a", "usr_2", 2],
      ["2026-11-02", "chat-calls", "b/b", null, 1],
      ["2026-11-02", "output-tokens", "a/a", "usr_1", 4],
      ["2026-11-02", "runs", null, null, 1],
    ]);
  });

  it("puts cost on calls and savings on hits alone, and says what is estimated or has no price", () => {
    const chat = { calls: 4, inputTokens: 100, estimatedCalls: 1, estimatedInputTokens: 30, costUsdMicros: 7 };
    const groups = [aUsageGroup("chat", { ...chat, unpricedCalls: 1, cacheHits: 2, savedUsdMicros: 9 })];
    expect(usageOf(groups, [], DAYS).data).toEqual([
      { meter: "chat-calls", quantity: 4, estimatedQuantity: 1, costUsdMicros: 7, priced: false },
      { meter: "input-tokens", quantity: 100, estimatedQuantity: 30 },
      { meter: "cache-hits", quantity: 2, savedUsdMicros: 9 },
    ]);
  });

  it("adds up to its totals, whatever it is grouped by", () => {
    const groups = [
      aUsageGroup("chat", { calls: 5, failures: 2, costUsdMicros: 7, model: "a/a" }),
      aUsageGroup("chat", { calls: 1, cacheHits: 1, savedUsdMicros: 9, model: "a/b" }),
      aUsageGroup("embedding", { calls: 9, inputTokens: 20, costUsdMicros: 3, model: "a/e" }),
    ];
    expect(usageOf(groups, ["model"], DAYS).totals).toEqual({
      ...{ costUsdMicros: 10, priced: true, savedUsdMicros: 9, cacheHitRate: 0.2 },
      quantities: { "chat-calls": 6, "cache-hits": 1, "embedding-calls": 9, "embedding-tokens": 20 },
    });
  });

  it("of a quiet time is nothing", () => {
    const { data, totals } = usageOf([], [], DAYS);
    expect({ data, totals }).toEqual({
      data: [],
      totals: { costUsdMicros: 0, priced: true, savedUsdMicros: 0, cacheHitRate: 0, quantities: {} },
    });
  });
});

function refusal(pointer: string, detail: string) {
  return expect.objectContaining({ code: "validation-failed", errors: [{ pointer, detail }] });
}
