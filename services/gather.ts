import type { PlatformContext } from "./context.ts";

// Gathers what requests leave to be done after their answers, so that a busy isolate crosses to an object or the database once
// for many of them.
//   G1  whoever opens a batch does its work, for all that came within the time to gather. The others do not wait: a request that
//       waits keeps its memory, and a timer of its own, long after its answer.
//   G2  a promise of one request cannot be awaited by another: items change hands, promises do not.
//   G3  nothing waits for somebody who was lost: the second request of a batch stands by, and does its work when the own time is over
//       and it is still open. So does everybody who finds a batch that should be done by then. That both are lost and their isolate
//       is not, takes two requests that the runtime ends for what they use, within the time to gather.

export interface Gather<Item> {
  /** What the request has to wait for; `null` where another does the work. */
  (ctx: PlatformContext, item: Item): Promise<void> | null;
  /** What waits under a key, for somebody who does it at once. */
  taken(ctx: PlatformContext, key: string): readonly Item[];
}

interface Batch<Item> {
  items: Item[];
  /** The requests that wait, who opened the batch first. */
  waiting: Set<string>;
  /** When one of those that wait has done its work, unless both were lost. */
  dueAt: number;
}

/** Who opened a batch, and who stands by. */
const MAX_WAITING = 2;

/** `key` tells which items are done together, `work` how. */
export function gathering<Item>(
  gatherMs: number,
  key: (item: Item) => string,
  work: (ctx: PlatformContext, items: readonly Item[]) => Promise<void>,
): Gather<Item> {
  const byDatabase = new WeakMap<object, Map<string, Batch<Item>>>();
  const gather = (ctx: PlatformContext, item: Item) => {
    const batches = byDatabase.get(ctx.db) ?? new Map<string, Batch<Item>>();
    byDatabase.set(ctx.db, batches);
    const name = key(item);
    const now = ctx.clock.now();
    const batch = batches.get(name) ?? { items: [], waiting: new Set(), dueAt: now + 2 * gatherMs };
    batches.set(name, batch);
    batch.items.push(item);
    const { waiting } = batch;
    if (now < batch.dueAt && (waiting.size >= MAX_WAITING || waiting.has(ctx.requestId))) return null;
    waiting.add(ctx.requestId);
    return gathered(ctx, gatherMs).then(async () => {
      if (batches.get(name) !== batch) return;
      batches.delete(name);
      await work(ctx, batch.items);
    });
  };
  const taken = ({ db }: PlatformContext, name: string) => {
    const { items } = byDatabase.get(db)?.get(name) ?? { items: [] };
    byDatabase.get(db)?.delete(name);
    return items;
  };
  return Object.assign(gather, { taken });
}

/** How long what a request leaves behind waits for more of its kind: few writes a second, and little that a crash can lose. */
export const GATHER_MS = 150;

/** One timer for all that a request leaves at the same time. */
const waits = new WeakMap<PlatformContext, { ms: number; over: Promise<void> }>();

/** Resolves when the time to gather is over. */
export function gathered(ctx: PlatformContext, ms: number): Promise<void> {
  const begun = waits.get(ctx);
  if (begun?.ms === ms) return begun.over;
  const over = new Promise<void>((resolve) => {
    setTimeout(() => {
      waits.delete(ctx);
      resolve();
    }, ms);
  });
  waits.set(ctx, { ms, over });
  return over;
}
