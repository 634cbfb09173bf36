import { describe, expect, it } from "vitest";
import { parseInstantMs, parseTimestamp } from "../../../../domain/workflows/expression/timestamp.ts";

describe("a timestamp", () => {
  it.each([
    ["2016-12-05T21:29:29Z", "2016-12-05T21:29:29.000Z"],
    ["2016-12-05T21:29:29.123456789Z", "2016-12-05T21:29:29.123Z"],
    ["2016-12-05T21:29:29+02:30", "2016-12-05T18:59:29.000Z"],
    ["2024-02-29T00:00:00-01:00", "2024-02-29T01:00:00.000Z"],
  ])("%s is the instant %s", (text, instant) => {
    expect(parseInstantMs(text)).toBe(Date.parse(instant));
  });

  it.each([
    "2016-12-05 21:29:29Z",
    "2016-12-05T21:29:29",
    "2016-12-05T25:29:29Z",
    "2016-13-05T21:29:29Z",
    "2023-02-29T00:00:00Z",
    "05-12-2016T21:29:29Z",
    "2016-12-05t21:29:29z",
    "2016-12-05T21:29Z",
    "2016-12-05T21:29:29.Z",
    "2016-12-05T21:29:29+99:00",
    " 2016-12-05T21:29:29Z",
    "",
  ])("%j is not one", (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });

  it("tells instants apart that differ by a nanosecond, and equal ones in different zones not", () => {
    expect(parseTimestamp("2020-01-01T00:00:00.000000001Z")).not.toBe(parseTimestamp("2020-01-01T00:00:00Z"));
    expect(parseTimestamp("2020-01-01T01:00:00+01:00")).toBe(parseTimestamp("2020-01-01T00:00:00Z"));
  });
});
