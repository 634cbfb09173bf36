import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { guardedD1, isD1Outage } from "../../../adapters/database/guarded-d1.ts";
import { isolateBreaker } from "../../../adapters/isolate-breaker.ts";
import { guardedStore, isStoreOutage, STORE_TIMEOUT_MS } from "../../../adapters/vector-index/guarded-store.ts";
import { type VectorizeBinding, vectorize } from "../../../adapters/vector-index/vectorize.ts";
import { PLATFORM_POLICY } from "../../../domain/kernel/circuit-breaker.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const log = { info: () => {}, warn: vi.fn(), error: () => {}, past: () => {} };
const lost = () => Promise.reject(new Error("D1_ERROR: Network connection lost."));
const fine = () => Promise.resolve("fine");

const aGuard = () =>
  isolateBreaker({
    name: "database",
    timeoutMs: 15_000,
    policy: PLATFORM_POLICY,
    clock: { now: () => Date.now() },
    log,
    isOutage: isD1Outage,
  });

async function afterOutages(count: number) {
  const guard = aGuard();
  for (let n = 0; n < count; n++) await guard(lost).catch(() => {});
  return guard;
}

const UNAVAILABLE = { code: "unavailable", status: 503, retryAfterSeconds: 2 };

describe("a breaker of one isolate", () => {
  it("tells outages as unavailable, and gives up after five in a row", async () => {
    const guard = await afterOutages(4);
    await expect(guard(lost)).rejects.toMatchObject({ ...UNAVAILABLE, message: "The database does not answer." });
    const work = vi.fn(fine);
    await expect(guard(work)).rejects.toMatchObject(UNAVAILABLE);
    expect(work).not.toHaveBeenCalled();
    expect(log.warn).toHaveBeenCalledWith("breaker.open", { target: "database", opens: 1 });
  });

  it("lets one probe through when its time is over, which decides for all", async () => {
    const guard = await afterOutages(5);
    vi.advanceTimersByTime(2_000);
    const { promise, resolve } = Promise.withResolvers<string>();
    const probe = guard(() => promise);
    await expect(guard(fine)).rejects.toMatchObject({ code: "unavailable" });
    resolve("back");
    await expect(probe).resolves.toBe("back");
    await expect(guard(fine)).resolves.toBe("fine");
  });

  it("stays open when the probe fails", async () => {
    const guard = await afterOutages(5);
    vi.advanceTimersByTime(2_000);
    await expect(guard(lost)).rejects.toMatchObject(UNAVAILABLE);
    await expect(guard(fine)).rejects.toMatchObject(UNAVAILABLE);
  });

  it("does not count what the work itself did wrong", async () => {
    const guard = aGuard();
    const wrong = () => Promise.reject(new Error("D1_ERROR: UNIQUE constraint failed: users.email"));
    for (let n = 0; n < 20; n++) await expect(guard(wrong)).rejects.toThrow("UNIQUE");
    await expect(guard(fine)).resolves.toBe("fine");
  });

  it("gives up work that takes too long, and counts that", async () => {
    const guard = await afterOutages(4);
    const late = guard(() => new Promise(() => {}));
    const refused = expect(late).rejects.toMatchObject(UNAVAILABLE);
    await vi.advanceTimersByTimeAsync(15_000);
    await refused;
    await expect(guard(fine)).rejects.toMatchObject(UNAVAILABLE);
  });

  it("is closed by a success between outages", async () => {
    const guard = await afterOutages(4);
    await guard(fine);
    await guard(lost).catch(() => {});
    await expect(guard(fine)).resolves.toBe("fine");
  });
});

describe("D1 behind a breaker", () => {
  it("is given its own statements in a batch, and guards every way to ask", async () => {
    const statement = (): object => ({
      bind: () => own,
      all: lost,
      run: lost,
      raw: lost,
      first: lost,
    });
    const own = statement();
    const batch = vi.fn(fine);
    const database = guardedD1({ prepare: () => own, batch, exec: lost } as unknown as D1Database, aGuard());
    const wrapped = database.prepare("select 1").bind(1);
    await database.batch([wrapped]);
    expect(batch).toHaveBeenCalledWith([own]);
    for (const ask of [wrapped.all(), wrapped.run(), wrapped.raw(), wrapped.first(), database.exec("select 1")]) {
      await expect(ask).rejects.toMatchObject({ code: "unavailable" });
    }
    await expect(database.batch([wrapped])).rejects.toMatchObject(UNAVAILABLE);
    expect(batch).toHaveBeenCalledTimes(1);
  });
});

describe("a store of vectors behind a breaker", () => {
  const options = { timeoutMs: STORE_TIMEOUT_MS, policy: PLATFORM_POLICY, clock: { now: () => Date.now() }, log };
  const aStore = (query: () => Promise<never>) => {
    const asked = vi.fn(query);
    const binding = { query: asked, describe: async () => ({ dimensions: 2 }) } as unknown as VectorizeBinding;
    const guard = isolateBreaker({ ...options, name: "vector store", isOutage: isStoreOutage });
    const store = guardedStore(vectorize(binding, { dimensions: 2 }), guard);
    const search = () => store.nearest("kb", [1, 0]).catch((error: unknown) => error);
    return { asked, search, store };
  };

  it("is not asked while it is down, and can be probed all the same", async () => {
    const { asked, search, store } = aStore(() => Promise.reject(new Error("internal error")));
    for (let n = 0; n < 5; n++) await search();
    const before = asked.mock.calls.length;
    expect(await search()).toMatchObject({ code: "unavailable", message: "The vector store does not answer." });
    expect(asked).toHaveBeenCalledTimes(before);
    await expect(store.probe()).resolves.toBeUndefined();
  });

  it("is asked again after what it refused", async () => {
    const { asked, search } = aStore(() => Promise.reject(new Error("VECTOR_QUERY_ERROR (code = 40023)")));
    for (let n = 0; n < 6; n++) expect(await search()).toMatchObject({ message: "Vectorize refused the request." });
    expect(asked).toHaveBeenCalledTimes(6);
  });
});
