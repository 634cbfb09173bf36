import * as z from "zod";
import { csvLine } from "../kernel/csv.ts";
import { isoTime } from "../kernel/time.ts";
import type { UsageSums } from "./meter.ts";
import { byKeys, cacheHitRate, type UsageGroup, usageOf } from "./usage.ts";
import { type UsageDays, type UsageKey, UsageSpan } from "./usage-query.ts";

// Usage as tables, with the same columns in JSON and in CSV.

export const ReportName = z.enum(["usage", "cost", "models", "workflows"]);
export type ReportName = z.infer<typeof ReportName>;

export const ReportQuery = UsageSpan.extend({
  format: z.enum(["json", "csv"]).default("json").meta({ description: "`csv` answers the rows as a file" }),
});
export type ReportQuery = z.infer<typeof ReportQuery>;

const Cell = z.union([z.string(), z.number(), z.boolean()]).nullable();
type Cell = z.infer<typeof Cell>;

export const Report = z
  .object({
    report: ReportName,
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    columns: z.array(z.string()),
    data: z.array(z.record(z.string(), Cell)),
  })
  .meta({
    id: "Report",
    description: "Usage in the days from `from` up to `to`, as a table",
    example: {
      ...{ report: "cost", from: "2026-11-01T00:00:00.000Z", to: "2026-12-01T00:00:00.000Z" },
      columns: ["day", "model", "calls", "costUsdMicros", "priced", "cacheHits", "savedUsdMicros"],
      data: [
        {
          ...{ day: "2026-11-03", model: "openai/gpt-5-mini", calls: 40, costUsdMicros: 9_120, priced: true },
          ...{ cacheHits: 10, savedUsdMicros: 2_280 },
        },
      ],
    },
  });
export type Report = z.infer<typeof Report>;

type Column = UsageKey | keyof UsageSums | "priced" | "cacheHitRate";

interface Table {
  keys: readonly UsageKey[];
  /** Use without it is of no concern to the report. */
  subject: UsageKey;
  columns: readonly Column[];
}

const TABLES: Record<Exclude<ReportName, "usage">, Table> = {
  cost: {
    keys: ["day", "model"],
    subject: "model",
    columns: ["day", "model", "calls", "costUsdMicros", "priced", "cacheHits", "savedUsdMicros"],
  },
  models: {
    keys: ["model"],
    subject: "model",
    columns: [
      ...(["model", "calls", "failures", "inputTokens", "cachedInputTokens", "outputTokens"] as const),
      ...(["costUsdMicros", "priced", "cacheHits", "cacheHitRate", "savedUsdMicros"] as const),
    ],
  },
  workflows: {
    keys: ["workflow"],
    subject: "workflow",
    columns: [
      ...(["workflow", "runs", "mapChildRuns", "stateTransitions"] as const),
      ...(["calls", "inputTokens", "outputTokens", "costUsdMicros", "priced"] as const),
    ],
  },
};

const USAGE_COLUMNS = ["day", "meter", "quantity", "estimatedQuantity", "costUsdMicros", "priced", "savedUsdMicros"];

/** By what the usage of a report is asked for. */
export function reportKeys(report: ReportName): readonly UsageKey[] {
  return report === "usage" ? ["day"] : TABLES[report].keys;
}

export function reportOf(report: ReportName, groups: readonly UsageGroup[], days: UsageDays): Report {
  const span = { from: isoTime(days.from), to: isoTime(days.to) };
  if (report !== "usage") {
    const { columns } = TABLES[report];
    return { report, ...span, columns: [...columns], data: rowsOf(TABLES[report], groups) };
  }
  const records: Record<string, unknown>[] = usageOf(groups, ["day"], days).data;
  const data = records.map((record) => row(USAGE_COLUMNS, (column) => (record[column] ?? null) as Cell));
  return { report, ...span, columns: USAGE_COLUMNS, data };
}

export function reportCsv({ columns, data }: Report): string {
  const lines = data.map((cells) => columns.map((column) => cells[column] ?? null));
  return [columns, ...lines]
    .map((cells) => csvLine(cells.map((cell) => (cell === null ? null : String(cell)))))
    .join("");
}

function rowsOf({ keys, subject, columns }: Table, groups: readonly UsageGroup[]): Report["data"] {
  const parts = groups.filter((group) => group[subject]).toSorted(byKeys(keys));
  const byRow = Map.groupBy(parts, (group) => JSON.stringify(keys.map((key) => group[key])));
  return [...byRow.values()].map((some) => {
    const sums = some.reduce(added);
    return row(columns, (column) => cellOf(column, sums));
  });
}

function cellOf(column: Column, sums: UsageGroup): Cell {
  switch (column) {
    case "priced":
      return sums.unpricedCalls === 0;
    case "cacheHitRate":
      return cacheHitRate(sums.cacheHits, sums.calls - sums.failures);
    default:
      return sums[column] ?? null;
  }
}

function row<Name extends string>(columns: readonly Name[], cell: (column: Name) => Cell): Record<string, Cell> {
  return Object.fromEntries(columns.map((column) => [column, cell(column)]));
}

function added(a: UsageGroup, b: UsageGroup): UsageGroup {
  const sums = Object.entries(a).map(([name, value]) => [
    name,
    typeof value === "number" ? value + b[name as keyof UsageSums] : value,
  ]);
  return Object.fromEntries(sums) as UsageGroup;
}
