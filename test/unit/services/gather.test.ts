import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PlatformContext } from "../../../services/context.ts";
import { gathering } from "../../../services/gather.ts";

const GATHER_MS = 100;

describe("what requests leave to be done", () => {
  let done: string[][] = [];
  const db = {};
  let requests = 0;
  // All that gathering asks of a context. Each request has its own.
  const request = () =>
    ({ requestId: `req_${++requests}`, db, clock: { now: () => Date.now() } }) as unknown as PlatformContext;
  const gather = gathering<string>(
    GATHER_MS,
    (item) => item.slice(0, 1),
    async (_, items) => {
      done.push([...items]);
    },
  );
  beforeEach(() => {
    vi.useFakeTimers();
    done = [];
  });
  afterEach(() => vi.useRealTimers());

  it("is done together for all that came in time, one batch a key", async () => {
    for (const item of ["a1", "b1", "a2", "a3"]) void gather(request(), item);
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(done).toEqual([["a1", "a2", "a3"], ["b1"]]);
    void gather(request(), "a4");
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(done.slice(2)).toEqual([["a4"]]);
  });

  it("holds up nobody but who opens a batch and who stands by", async () => {
    const waits = [1, 2, 3, 4].map((n) => gather(request(), `c${n}`));
    expect(waits.map((wait) => wait !== null)).toEqual([true, true, false, false]);
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    await Promise.all(waits);
    expect(done).toEqual([["c1", "c2", "c3", "c4"]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is done by who stands by when who opened the batch was lost", async () => {
    losing(() => gather(request(), "d1"));
    await vi.advanceTimersByTimeAsync(GATHER_MS / 2);
    void gather(request(), "d2");
    void gather(request(), "d3");
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(done).toEqual([["d1", "d2", "d3"]]);
  });

  it("is done by another request when the one that left several was lost", async () => {
    const lost = request();
    losing(() => gather(lost, "g1"));
    losing(() => gather(lost, "g2"));
    void gather(request(), "g3");
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(done).toEqual([["g1", "g2", "g3"]]);
  });

  it("is done by whoever comes later when both were lost", async () => {
    for (const item of ["e1", "e2"]) losing(() => gather(request(), item));
    await vi.advanceTimersByTimeAsync(2 * GATHER_MS);
    void gather(request(), "e3");
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(done).toEqual([["e1", "e2", "e3"]]);
  });

  it("can be taken by somebody who does it at once", async () => {
    void gather(request(), "f1");
    expect(gather.taken(request(), "f")).toEqual(["f1"]);
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(done).toEqual([]);
  });
});

/** A request that the runtime ended: what it waited for never comes. */
function losing(begin: () => Promise<void> | null): void {
  const timer = vi.spyOn(globalThis, "setTimeout").mockReturnValueOnce(0 as unknown as NodeJS.Timeout);
  void begin();
  timer.mockRestore();
}
