import { describe, expect, it } from "vitest";
import { EventFilter, matchesFilter } from "../../../domain/workflows/event-filter.ts";

describe("a filter of events", () => {
  const data = { subject: "answers", amount: 7, tags: ["eu", "new"], owner: { role: "admin", seat: null }, empty: [] };

  it.each([
    [{}],
    [{ subject: ["other", "answers"] }],
    [{ subject: [{ prefix: "ans" }], amount: [7] }],
    [{ subject: [{ suffix: "ers" }] }],
    [{ subject: [{ "anything-but": ["other"] }] }],
    [{ amount: [{ numeric: [">", 0, "<=", 7] }] }],
    [{ amount: [{ numeric: ["=", 7] }] }],
    [{ tags: ["new"] }],
    [{ owner: { role: ["admin"], seat: [null] } }],
    [{ absent: [{ exists: false }], owner: { seat: [{ exists: true }] } }],
    [{ owner: { absent: [{ exists: false }] } }],
  ])("matches by %j", (filter) => {
    expect(matchesFilter(EventFilter.parse(filter), data)).toBe(true);
  });

  it.each([
    [{ subject: ["other"] }],
    [{ subject: ["answers"], amount: [8] }],
    [{ amount: ["7"] }],
    [{ amount: [{ prefix: "7" }] }],
    [{ subject: [{ "anything-but": ["answers"] }] }],
    [{ absent: [{ "anything-but": ["x"] }] }],
    [{ amount: [{ numeric: [">=", 8] }] }],
    [{ amount: [{ numeric: ["<", 7] }] }],
    [{ subject: [{ numeric: ["=", 7] }] }],
    [{ tags: ["old"] }],
    [{ empty: ["x"] }],
    [{ subject: { deeper: ["x"] } }],
    [{ owner: ["admin"] }],
    [{ absent: [null] }],
    [{ subject: [{ exists: false }] }],
    [{ toString: [{ exists: true }] }],
  ])("does not match by %j", (filter) => {
    expect(matchesFilter(EventFilter.parse(filter), data)).toBe(false);
  });

  it.each([
    { subject: "answers" },
    { subject: [] },
    { subject: [{ like: "a" }] },
    { amount: [{ numeric: [] }] },
    { amount: [{ numeric: [">"] }] },
    { amount: [{ numeric: [1, ">"] }] },
    { amount: [{ "anything-but": [] }] },
  ])("is refused as %j", (filter) => {
    expect(EventFilter.safeParse(filter).success).toBe(false);
  });
});
