import { describe, expect, test } from "vitest";
import { Filter, matchesCondition, parseFilter } from "../../../domain/knowledge/filter.ts";
import type { Metadata } from "../../../domain/knowledge/metadata.ts";

const DOCUMENT: Metadata = { department: "hr", year: 2024, draft: false, tags: ["leave", "eu"], owner: null };

function matches(filter: unknown, metadata: Metadata = DOCUMENT): boolean {
  const parsed = parseFilter(filter);
  if (!parsed.valid) throw new Error(parsed.message);
  return matchesCondition(parsed.condition, metadata);
}

describe("filter", () => {
  test.each([
    [{}, true],
    [{ department: "hr" }, true],
    [{ department: "it" }, false],
    [{ department: "hr", year: 2023 }, false],
    [{ year: { $gte: 2020, $lt: 2025 } }, true],
    [{ year: { gt: 2024 } }, false],
    [{ year: { $gte: "2020" } }, false],
    [{ department: { $in: ["it", "hr"] } }, true],
    [{ department: ["it", "hr"] }, true],
    [{ department: { $nin: ["it", "hr"] } }, false],
    [{ tags: "eu" }, true],
    [{ tags: { $ne: "eu" } }, false],
    [{ missing: { $ne: 1 } }, true],
    [{ missing: { $lt: 1 } }, false],
    [{ missing: null }, false],
    [{ owner: null }, true],
    [{ draft: false }, true],
    [{ $or: [{ department: "it" }, { year: 2024 }] }, true],
    [{ or: [{ department: "it" }, { year: 2023 }] }, false],
    [{ and: [{ department: "hr" }, { $not: { draft: true } }] }, true],
    [{ $not: { department: "hr" } }, false],
    [{ constructor: "x" }, false],
  ])("%j matches: %s", (filter, expected) => {
    expect(matches(filter)).toBe(expected);
    expect(Filter.safeParse(filter).success).toBe(true);
  });

  test.each([
    [{ $where: "1" }, "/$where"],
    [{ year: { $regex: ".*" } }, "/year/$regex"],
    [{ year: { $gte: true } }, "/year/$gte"],
    [{ year: { $in: [] } }, "/year/$in"],
    [{ $or: [] }, "/$or"],
    [{ $and: {} }, "/$and"],
    [{ $or: [{ a: { $in: [{}] } }] }, "/$or/0/a/$in"],
  ])("refuses %j and says where", (filter, pointer) => {
    const parsed = Filter.safeParse(filter);
    expect(parsed.success).toBe(false);
    expect(`/${parsed.error?.issues[0]?.path.join("/")}`).toBe(pointer);
  });

  test("refuses one that is too deep or too wide", () => {
    const deep = Array.from({ length: 5_000 }).reduce<object>((inner) => ({ $not: inner }), { a: 1 });
    expect(parseFilter(deep).valid).toBe(false);
    expect(parseFilter({ $or: Array.from({ length: 500 }, (_, n) => ({ a: n })) }).valid).toBe(false);
  });
});
