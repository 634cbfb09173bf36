import * as z from "zod";
import { type Problem, problem } from "../kernel/problem.ts";
import { DAY_MS, isoTime } from "../kernel/time.ts";

// Days are those of UTC, and the finest that usage is kept by.

const GROUP_KEYS = ["meter", "user", "model", "workflow", "day"] as const;

/** What tells two sums of one meter apart. */
export type UsageKey = Exclude<(typeof GROUP_KEYS)[number], "meter">;

const aKey = `(${GROUP_KEYS.join("|")})`;
const time = z.union([z.iso.date(), z.iso.datetime({ offset: true })]).transform((text) => Date.parse(text));

export const UsageSpan = z.strictObject({
  from: time.optional().meta({
    description:
      "The first day, as a date or a time in it. When absent: the first of the month in which the last day lies",
  }),
  to: time.optional().meta({
    description:
      "Where it ends: a date is the first day left out, a time leaves out the days after its own. When absent: today counts",
  }),
});
export type UsageSpan = z.infer<typeof UsageSpan>;

export const UsageQuery = UsageSpan.extend({
  groupBy: z
    .string()
    .regex(new RegExp(`^${aKey}(,${aKey})*$`), `must be some of ${GROUP_KEYS.join(", ")}, with commas between`)
    .default("meter")
    .transform((text) => GROUP_KEYS.filter((key): key is UsageKey => key !== "meter" && text.split(",").includes(key)))
    .meta({
      description: "Some of meter, user, model, workflow, day, with commas between; every answer is by meter",
      example: "model,day",
    }),
});
export type UsageQuery = z.infer<typeof UsageQuery>;

/** Midnights, in milliseconds: the first that counts, and the first that no longer does. */
export interface UsageDays {
  from: number;
  to: number;
}

const MAX_DAYS = 366;

/** The whole days that a span touches. */
export function usageDaysOf({ from, to }: UsageSpan, keys: readonly UsageKey[], now: number): UsageDays {
  const end = to ?? startOfDay(now) + DAY_MS;
  const lastDay = startOfDay(end - 1);
  const start = from ?? startOfMonth(lastDay);
  if (start >= end)
    throw invalid("?from", to === undefined ? "lies ahead, and no `to` is given" : "must lie before `to`");
  const days = { from: startOfDay(start), to: lastDay + DAY_MS };
  if (keys.includes("day") && days.to - days.from > MAX_DAYS * DAY_MS) {
    throw invalid("?from", `must not lie more than ${MAX_DAYS} days before \`to\` where usage is grouped by day`);
  }
  return days;
}

export function tooManyGroups(limit: number): Problem {
  return invalid("?groupBy", `gives more than ${limit} groups in these days: ask for fewer keys, or for fewer days`);
}

/** YYYY-MM-DD. */
export function dateOf(ms: number): string {
  return isoTime(ms).slice(0, "YYYY-MM-DD".length);
}

function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

function startOfMonth(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

function invalid(pointer: string, detail: string): Problem {
  return problem("validation-failed", { errors: [{ pointer, detail }] });
}
