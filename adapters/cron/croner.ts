import { Cron } from "croner";
import { SECOND_MS } from "../../domain/kernel/time.ts";
import type { CronCalendar } from "../../services/workflows/ports.ts";

/** An expression names no year: what does not come after one, comes after none. */
const ANY_YEAR = new Date(0);

/** The calendar of croner. An expression is parsed at each question: a tenth of a millisecond, and nothing to keep. */
export function cronerCalendar(): CronCalendar {
  return {
    fault(cron, timezone) {
      if (!isTimeZone(timezone)) return { pointer: "/timezone", detail: "is not a time zone of the IANA database" };
      try {
        const ticks = ticksOf(cron, timezone);
        // croner takes a date as well, for one tick: not what this is for.
        if (ticks.getPattern() !== undefined) {
          if (ticks.nextRun(ANY_YEAR) !== null) return null;
          return { pointer: "/cron", detail: "never comes: no year has such a day" };
        }
      } catch {
        // Falls through: its words are about its own parts.
      }
      return { pointer: "/cron", detail: "is not a cron expression of five or six parts" };
    },
    next(cron, timezone, after) {
      return ticksOf(cron, timezone).nextRun(new Date(after))?.getTime() ?? null;
    },
    latest(cron, timezone, until, count) {
      // Ticks fall on whole seconds and "before" is strict: one more second lets one at `until` itself in.
      const before = new Date(Math.floor(until / SECOND_MS) * SECOND_MS + SECOND_MS);
      const ticks = ticksOf(cron, timezone)
        .previousRuns(count, before)
        .map((tick) => tick.getTime());
      return ticks.filter((tick) => tick <= until).sort((a, b) => a - b);
    },
  };
}

function ticksOf(cron: string, timezone: string): Cron {
  return new Cron(cron, { timezone, paused: true, mode: "5-or-6-parts" });
}

function isTimeZone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}
