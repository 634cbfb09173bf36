import { describe, expect, it } from "vitest";
import { reportCsv, reportKeys, reportOf } from "../../../domain/analytics/report.ts";
import { aUsageGroup } from "./a-usage-group.ts";

const DAYS = { from: Date.parse("2026-11-01"), to: Date.parse("2026-12-01") };
const SPAN = { from: "2026-11-01T00:00:00.000Z", to: "2026-12-01T00:00:00.000Z" };

describe("a report", () => {
  it("of usage has a row for each meter of a day", () => {
    const groups = [aUsageGroup("chat", { day: "2026-11-02", calls: 2, costUsdMicros: 5 })];
    expect(reportOf("usage", groups, DAYS)).toMatchObject({
      ...SPAN,
      data: [
        {
          ...{ day: "2026-11-02", meter: "chat-calls", quantity: 2, estimatedQuantity: 0 },
          ...{ costUsdMicros: 5, priced: true, savedUsdMicros: null },
        },
      ],
    });
  });

  it("of cost has a row for each model of a day, in order, and none for what uses no model", () => {
    const chat = { calls: 2, costUsdMicros: 5, unpricedCalls: 1, cacheHits: 1, savedUsdMicros: 3 };
    const groups = [
      aUsageGroup("chat", { day: "2026-11-02", model: "b/b", ...chat }),
      aUsageGroup("chat", { day: "2026-11-02", model: "a/a", calls: 1, costUsdMicros: 4 }),
      aUsageGroup("run", { day: "2026-11-02", model: "", runs: 1 }),
      aUsageGroup("chat", { day: "2026-11-01", model: "b/b", calls: 1, costUsdMicros: 2 }),
    ];
    const none = { cacheHits: 0, savedUsdMicros: 0 };
    expect(reportOf("cost", groups, DAYS).data).toEqual([
      { day: "2026-11-01", model: "b/b", calls: 1, costUsdMicros: 2, priced: true, ...none },
      { day: "2026-11-02", model: "a/a", calls: 1, costUsdMicros: 4, priced: true, ...none },
      { day: "2026-11-02", model: "b/b", calls: 2, costUsdMicros: 5, priced: false, cacheHits: 1, savedUsdMicros: 3 },
    ]);
  });

  it("of models tells how often the cache answered in place of each", () => {
    const groups = [aUsageGroup("chat", { model: "a/a", calls: 5, failures: 2, cacheHits: 1 })];
    expect(reportOf("models", groups, DAYS).data).toMatchObject([
      { model: "a/a", calls: 5, failures: 2, cacheHits: 1, cacheHitRate: 0.25 },
    ]);
  });

  it("of workflows puts a workflow's runs and its calls to models into one row", () => {
    const groups = [
      aUsageGroup("chat", { workflow: "letters", calls: 2, inputTokens: 10, costUsdMicros: 5 }),
      aUsageGroup("run", { workflow: "letters", runs: 3, stateTransitions: 9 }),
      aUsageGroup("embedding", { workflow: "letters", calls: 1, inputTokens: 7, costUsdMicros: 1 }),
      aUsageGroup("chat", { workflow: "", calls: 8 }),
    ];
    expect(reportOf("workflows", groups, DAYS).data).toEqual([
      {
        ...{ workflow: "letters", runs: 3, mapChildRuns: 0, stateTransitions: 9 },
        ...{ calls: 3, inputTokens: 17, outputTokens: 0, costUsdMicros: 6, priced: true },
      },
    ]);
  });

  it("asks for usage by the keys of its rows alone", () => {
    expect(reportKeys("usage")).toEqual(["day"]);
    expect(reportKeys("workflows")).toEqual(["workflow"]);
  });

  it("as CSV has a line of names, and no cell that a spreadsheet would run", () => {
    const groups = [aUsageGroup("chat", { day: "2026-11-02", model: '=cmd|"x"/m', calls: 1 })];
    expect(reportCsv(reportOf("cost", groups, DAYS))).toBe(
      "day,model,calls,costUsdMicros,priced,cacheHits,savedUsdMicros\r\n" +
        `2026-11-02,"'=cmd|""x""/m",1,0,true,0,0\r\n`,
    );
  });
});
