import { describe, expect, it } from "vitest";
import { cronerCalendar } from "../../../adapters/cron/croner.ts";

const calendar = cronerCalendar();
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
const next = (cron: string, zone: string, after: string) => iso(calendar.next(cron, zone, Date.parse(after)));

describe("the next tick", () => {
  it("is in the time zone of the schedule", () => {
    expect(next("30 8 * * *", "Europe/Berlin", "2026-01-05T00:00:00Z")).toBe("2026-01-05T07:30:00.000Z");
    expect(next("30 8 * * *", "America/New_York", "2026-07-05T00:00:00Z")).toBe("2026-07-05T12:30:00.000Z");
  });

  it("of a fixed time that the clock jumps over comes right after the gap", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z")).toBe("2026-03-29T01:00:00.000Z");
    expect(next("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z")).toBe("2026-03-30T00:30:00.000Z");
  });

  it("of a fixed time that the clock shows twice comes once", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z")).toBe("2026-10-25T00:30:00.000Z");
    expect(next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z")).toBe("2026-10-26T01:30:00.000Z");
  });

  it("of an interval goes through the repeated hour", () => {
    expect(next("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z")).toBe("2026-10-25T01:00:00.000Z");
  });

  it("is never for a day that does not exist", () => {
    expect(next("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z")).toBeNull();
  });

  it("may be by the second, and by name", () => {
    expect(next("*/5 * * * * *", "UTC", "2026-01-01T00:00:00.500Z")).toBe("2026-01-01T00:00:05.000Z");
    expect(next("@daily", "UTC", "2026-01-01T00:00:00Z")).toBe("2026-01-02T00:00:00.000Z");
  });
});

describe("the latest ticks", () => {
  const latest = (cron: string, until: string, count: number) =>
    calendar.latest(cron, "UTC", Date.parse(until), count).map(iso);

  it("are the newest, the oldest first, with one at the very time", () => {
    expect(latest("*/10 * * * *", "2026-01-01T01:00:00Z", 3)).toEqual([
      "2026-01-01T00:40:00.000Z",
      "2026-01-01T00:50:00.000Z",
      "2026-01-01T01:00:00.000Z",
    ]);
    expect(latest("*/10 * * * *", "2026-01-01T00:59:59.999Z", 1)).toEqual(["2026-01-01T00:50:00.000Z"]);
  });

  it("agree with the next ticks, over a year of nights that are too long and too short", () => {
    for (const cron of ["30 2 * * *", "15 1,2,3 * * *", "*/20 1-3 * * sun"]) {
      const zone = "Europe/Berlin";
      const forward: number[] = [];
      let at: number | null = Date.parse("2026-03-20T00:00:00Z");
      while (at !== null && at < Date.parse("2026-04-05T00:00:00Z")) {
        at = calendar.next(cron, zone, at);
        if (at !== null) forward.push(at);
      }
      for (const [i, tick] of forward.entries()) {
        if (i > 0) expect(calendar.latest(cron, zone, tick, 2).map(iso)).toEqual([iso(forward[i - 1] ?? 0), iso(tick)]);
      }
    }
  });
});

it.each([
  ["* * * *", "UTC", "/cron"],
  ["61 * * * *", "UTC", "/cron"],
  ["2026-01-01T00:00:00Z", "UTC", "/cron"],
  ["", "UTC", "/cron"],
  ["* * * * * * *", "UTC", "/cron"],
  ["0 0 30 2 *", "UTC", "/cron"],
  ["0 0 31 4,6,9,11 *", "Europe/Berlin", "/cron"],
  ["* * * * *", "Mars/Olympus", "/timezone"],
])("%j in %s is refused", (cron, zone, pointer) => {
  expect(calendar.fault(cron, zone)?.pointer).toBe(pointer);
});

it.each(["0 0 29 2 *", "0 0 31 * *", "0 0 30 1,2 *", "0 0 L 2 *"])("%j comes now and then, and is taken", (cron) => {
  expect(calendar.fault(cron, "UTC")).toBeNull();
});
