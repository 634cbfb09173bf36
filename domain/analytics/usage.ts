import * as z from "zod";
import { isoTime } from "../kernel/time.ts";
import { METERS, Meter, type MeterRule, type UsageKind, type UsageSums } from "./meter.ts";
import type { UsageDays, UsageKey } from "./usage-query.ts";

export const UsageRecord = z
  .object({
    meter: Meter,
    quantity: z.int(),
    estimatedQuantity: z
      .int()
      .optional()
      .meta({ description: "Of the quantity: what was estimated, because the provider could not tell it any more" }),
    costUsdMicros: z.int().optional().meta({ description: "Of calls, in millionths of a dollar" }),
    priced: z
      .boolean()
      .optional()
      .meta({ description: "False: the price of some of the calls is unknown, and they cost 0 here" }),
    savedUsdMicros: z
      .int()
      .optional()
      .meta({ description: "Of cache hits: what the answers had cost when they were made" }),
    day: z.iso.date().optional(),
    model: z.string().nullable().optional().meta({ description: "`provider/model`; null for what uses no model" }),
    user: z
      .string()
      .nullable()
      .optional()
      .meta({ description: "The user or the API key that asked; null where a run or the platform did" }),
    workflow: z
      .string()
      .nullable()
      .optional()
      .meta({ description: "Whose run was started, or asked; null where none was" }),
  })
  .meta({ id: "UsageRecord", description: "How much was used of one meter" });
export type UsageRecord = z.infer<typeof UsageRecord>;

export const UsageTotals = z
  .object({
    costUsdMicros: z.int(),
    priced: z.boolean(),
    savedUsdMicros: z.int(),
    cacheHitRate: z.number().meta({ description: "Cached answers, of all answers of chat models" }),
    quantities: z.partialRecord(Meter, z.int()).meta({ description: "By meter" }),
  })
  .meta({ id: "UsageTotals" });
export type UsageTotals = z.infer<typeof UsageTotals>;

export const Usage = z
  .object({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    data: z.array(UsageRecord).meta({ description: "What was not used is left out" }),
    totals: UsageTotals,
  })
  .meta({
    id: "Usage",
    description: "What was used in the days from `from` up to `to`",
    example: {
      from: "2026-11-01T00:00:00.000Z",
      to: "2026-11-30T00:00:00.000Z",
      data: [
        {
          ...{ meter: "chat-calls", quantity: 1_200, estimatedQuantity: 4, costUsdMicros: 312_000, priced: true },
          model: "openai/gpt-5-mini",
        },
        { meter: "cache-hits", quantity: 300, savedUsdMicros: 78_000, model: "openai/gpt-5-mini" },
      ],
      totals: {
        ...{ costUsdMicros: 312_000, priced: true, savedUsdMicros: 78_000, cacheHitRate: 0.2 },
        quantities: { "chat-calls": 1_200, "cache-hits": 300 },
      },
    },
  });
export type Usage = z.infer<typeof Usage>;

/** The sums of one kind of use, under one value of each key that was asked for. An empty text stands for none. */
export type UsageGroup = UsageSums & { kind: UsageKind } & { [Key in UsageKey]?: string };

/** In the order of day, meter, model, workflow, user; without what is 0. */
export function usageOf(groups: readonly UsageGroup[], keys: readonly UsageKey[], { from, to }: UsageDays): Usage {
  const data = Meter.options.flatMap((meter) => recordsOf(meter, groups, keys));
  // Sorting is stable: within a day the meters stay as they are.
  return { from: isoTime(from), to: isoTime(to), data: data.toSorted(byKeys(["day"])), totals: totalsOf(groups) };
}

function recordsOf(meter: Meter, groups: readonly UsageGroup[], keys: readonly UsageKey[]): UsageRecord[] {
  const rule: MeterRule = METERS[meter];
  return groups
    .filter((group) => group.kind === rule.kind && group[rule.quantity] !== 0)
    .toSorted(byKeys(["model", "workflow", "user"]))
    .map((group) => ({
      meter,
      quantity: group[rule.quantity],
      ...(rule.estimated && { estimatedQuantity: group[rule.estimated] }),
      ...(rule.money === "cost" && { costUsdMicros: group.costUsdMicros, priced: group.unpricedCalls === 0 }),
      ...(rule.money === "saved" && { savedUsdMicros: group.savedUsdMicros }),
      ...Object.fromEntries(keys.map((key) => [key, group[key] || null])),
    }));
}

function totalsOf(groups: readonly UsageGroup[]): UsageTotals {
  const sum = (member: keyof UsageSums, kind?: UsageKind) =>
    groups.reduce((total, group) => total + (kind === undefined || group.kind === kind ? group[member] : 0), 0);
  const used = Meter.options
    .map((meter) => [meter, sum(METERS[meter].quantity, METERS[meter].kind)] as const)
    .filter(([, quantity]) => quantity !== 0);
  return {
    costUsdMicros: sum("costUsdMicros"),
    priced: sum("unpricedCalls") === 0,
    savedUsdMicros: sum("savedUsdMicros"),
    cacheHitRate: cacheHitRate(sum("cacheHits"), sum("calls", "chat") - sum("failures", "chat")),
    quantities: Object.fromEntries(used),
  };
}

export function cacheHitRate(hits: number, answers: number): number {
  return hits === 0 ? 0 : hits / (hits + answers);
}

type Keyed = { [Key in UsageKey]?: string | null | undefined };

/** By the code units of the keys' texts, one key after the other; none first. */
export function byKeys(keys: readonly UsageKey[]): (a: Keyed, b: Keyed) => number {
  return (a, b) => {
    for (const key of keys) {
      const [left, right] = [a[key] ?? "", b[key] ?? ""];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  };
}
