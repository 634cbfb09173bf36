import type { ServiceContext } from "../context.ts";
import { changeTime } from "../preconditions.ts";

/** The row after the patch, which leaves what it does not name. */
export function patched<Row extends { updatedAt: number }>(
  ctx: ServiceContext,
  before: Row,
  patch: { [Member in keyof Row]?: Row[Member] | undefined },
): Row {
  const named = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<Row>;
  return { ...before, ...named, updatedAt: changeTime(ctx, before) };
}
