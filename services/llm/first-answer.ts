import type { Hedge } from "../../domain/llm/model-route.ts";
import { within } from "../within.ts";
import type { Attempt, AttemptEnd } from "./call-attempt.ts";

// Which attempt's answer is taken.
//   F1  The first that answers; those still under way are told as `unfinished`, and are the caller's to stop.
//   F2  Another begins when none is under way, or, while hedges are left, when all have been silent for `afterMs`.
//   F3  A failure that another attempt would share ends the search.

export interface FirstAnswer<T> {
  won: (AttemptEnd<T> & { kind: "answered" }) | null;
  /** What ended the search. */
  refusal: (AttemptEnd<T> & { kind: "failed" }) | null;
  /** The last failure. */
  failure: (AttemptEnd<T> & { kind: "failed" }) | null;
  unfinished: Attempt<T>[];
}

/** `next` begins an attempt; `null` when there is nobody left to ask. */
export async function firstAnswer<T>(
  next: (isHedge: boolean) => Promise<Attempt<T> | null>,
  hedge: Hedge | null,
  isPassing: (error: unknown) => boolean,
): Promise<FirstAnswer<T>> {
  const running = new Set<Attempt<T>>();
  let hedges = hedge?.max ?? 0;
  let failure: FirstAnswer<T>["failure"] = null;
  for (;;) {
    if (running.size === 0) {
      const attempt = await next(false);
      if (attempt === null) return { won: null, refusal: null, failure, unfinished: [] };
      running.add(attempt);
    }
    const end = await firstEnd(running, hedge !== null && hedges > 0 ? hedge.afterMs : null);
    if (end === "silence") {
      hedges--;
      const attempt = await next(true);
      if (attempt === null) hedges = 0;
      else running.add(attempt);
      continue;
    }
    running.delete(end.attempt);
    const unfinished = [...running];
    if (end.kind === "answered") return { won: end, refusal: null, failure, unfinished };
    if (!isPassing(end.error)) return { won: null, refusal: end, failure: end, unfinished };
    failure = end;
  }
}

async function firstEnd<T>(
  running: ReadonlySet<Attempt<T>>,
  silenceMs: number | null,
): Promise<AttemptEnd<T> | "silence"> {
  const ends = [...running].map(({ ended }) => ended);
  const first = Promise.race(ends);
  return silenceMs === null ? first : within(first, silenceMs, () => "silence" as const);
}
