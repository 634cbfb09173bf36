import type { ServiceContext } from "../context.ts";

/**
 * The row after the patch, which leaves what it does not name. Always later than it was, however the clock goes: the time of the
 * change is what a guarded write tells rows apart by.
 */
export function patched<Row extends { updatedAt: number }>(
  ctx: ServiceContext,
  before: Row,
  patch: { [Member in keyof Row]?: Row[Member] | undefined },
): Row {
  const named = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<Row>;
  return { ...before, ...named, updatedAt: Math.max(ctx.clock.now(), before.updatedAt + 1) };
}
