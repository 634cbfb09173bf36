import { describe, expect, it } from "vitest";
import {
  hear,
  isCertainMiss,
  KEY_CHARACTERS,
  KNOWN_MS,
  newsWanted,
  noteGone,
  noteKept,
  nothingKnown,
} from "../../../domain/llm/kept-keys.ts";

const NOW = 1_000_000;
const key = (n: number) => `${n}`.padStart(KEY_CHARACTERS, "0").padEnd(64, "f");
const news = (...kept: number[]) => ({ keys: kept.map((n) => key(n).slice(0, KEY_CHARACTERS)), upTo: NOW });

/** An isolate that has looked often enough to be told the keys. */
function informed(...kept: number[]) {
  const known = nothingKnown();
  for (let n = 0; n < 5; n++) isCertainMiss(known, key(99), NOW);
  hear(known, news(...kept), NOW);
  return known;
}

describe("the keys that an isolate knows", () => {
  it("are not asked for by the first looks", () => {
    const known = nothingKnown();
    const wanted = Array.from({ length: 6 }, () => {
      expect(isCertainMiss(known, key(1), NOW)).toBe(false);
      return newsWanted(known);
    });
    expect(wanted).toEqual([null, null, null, null, 0, 0]);
  });

  it("tell a certain miss from what may be a hit", () => {
    const known = informed(1, 2);
    expect([1, 2, 3].map((n) => isCertainMiss(known, key(n), NOW))).toEqual([false, false, true]);
  });

  it("hold for KNOWN_MS since the question left, and for a clock that stepped back not at all", () => {
    const known = informed(1);
    expect(isCertainMiss(known, key(3), NOW + KNOWN_MS - 1)).toBe(true);
    expect(isCertainMiss(known, key(3), NOW + KNOWN_MS)).toBe(false);
    expect(isCertainMiss(known, key(3), NOW - 1)).toBe(false);
    expect(newsWanted(known)).toBe(NOW);
  });

  it("change at once with what is kept here, and with what turned out to be gone", () => {
    const known = informed(1);
    noteKept(known, key(3));
    noteGone(known, key(1));
    expect([1, 3].map((n) => isCertainMiss(known, key(n), NOW))).toEqual([true, false]);
  });

  it("begin anew when there are too many", () => {
    const known = informed(1);
    hear(known, { keys: Array.from({ length: 40_000 }, (_, n) => `${n}`), upTo: NOW + 5 }, NOW);
    expect(known.keys.size).toBe(0);
    expect(isCertainMiss(known, key(3), NOW)).toBe(false);
    expect(newsWanted(known)).toBe(0);
  });
});
