import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NewsTimer } from "../../../durable-objects/workflow-run/news-timer.ts";
import { Ticks } from "../../../durable-objects/workflow-run/ticks.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_030 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("ticks", () => {
  it("ring for all who wait for the same one by a single timer", () => {
    const ticks = new Ticks();
    const rung: string[] = [];
    ticks.ring(1_000_040, () => rung.push("a"));
    ticks.ring(1_000_100, () => rung.push("b"));
    ticks.ring(1_000_101, () => rung.push("c"));
    expect(vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(69);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rung).toEqual(["a", "b"]);
    vi.advanceTimersByTime(100);
    expect(rung).toEqual(["a", "b", "c"]);
  });

  it("do not ring for whoever takes it back, and ring anew for who comes after", () => {
    const ticks = new Ticks();
    const rung: string[] = [];
    ticks.ring(1_000_040, () => rung.push("kept"));
    ticks.ring(1_000_040, () => rung.push("taken back"))();
    vi.advanceTimersByTime(70);
    ticks.ring(1_000_150, () => rung.push("later"));
    vi.advanceTimersByTime(100);
    expect(rung).toEqual(["kept", "later"]);
  });
});

describe("news", () => {
  it("of an end cut the longer wait short, and are told once", () => {
    const ticks = new Ticks();
    const told: number[] = [];
    const news = new NewsTimer(ticks, () => told.push(Date.now()));
    news.moved(false);
    news.moved(false);
    expect(news.isSet).toBe(true);
    news.moved(true);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([1_000_100]);
    expect([news.isSet, news.isUnheard]).toEqual([false, true]);
    news.moved(true);
    vi.advanceTimersByTime(1_000);
    expect(told).toHaveLength(1);
    news.heard();
    news.moved(false);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([1_000_100, 1_002_300]);
  });
});
