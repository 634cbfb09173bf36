import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadCases } from "./asl/cases.ts";
import { judge } from "./asl/judge.ts";
import { KNOWN } from "./asl/known.ts";
import { report, type Verdict } from "./asl/report.ts";

const REPORT = `${import.meta.dirname}/../../docs/conformance.md`;

const cases = loadCases();
const verdicts: Verdict[] = [];

describe.each([...Map.groupBy(cases, ({ category }) => category)])("%s", (_category, members) => {
  it.each(members.map((recorded) => [recorded.id, recorded] as const))("%s", async (_id, recorded) => {
    const differences = await judge(recorded);
    verdicts.push({ recorded, differences });
    if (KNOWN[recorded.id] === undefined) expect(differences).toEqual([]);
    else expect(differences).not.toEqual([]);
  });
});

describe("the report", () => {
  it.skipIf(process.env.ASL_CASES !== undefined)("in docs/conformance.md says what these cases showed", () => {
    const inOrder = cases.flatMap((recorded) => verdicts.filter((verdict) => verdict.recorded === recorded));
    const text = report(inOrder);
    if (process.env.UPDATE_REPORT === "1") writeFileSync(REPORT, text);
    expect(readFileSync(REPORT, "utf8")).toBe(text);
  });
});
