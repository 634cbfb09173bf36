import { eq, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { entityTag, isMet } from "../domain/kernel/precondition.ts";
import { type Problem, problem } from "../domain/kernel/problem.ts";
import type { ServiceContext } from "./context.ts";

// Changes that a client made conditional on what it has seen.
//   P1  the condition is held against what the verb itself read, after it was found that the actor may change it.
//   P2  the commit is then guarded by what was read (`ifStill`), so that of two with the same tag one wins.

/** Refuses when the resource, as its GET answers it to this actor, is not what the client demands; null where there is none. */
export function requireMatch(ctx: ServiceContext, resource: object | null): void {
  if (ctx.precondition === undefined) return;
  const current = resource === null ? null : entityTag(resource);
  if (!isMet(ctx.precondition, current)) throw unmet();
}

/** The guard of a conditional change. Without a condition the last writer wins, as ever. */
export function ifStill(ctx: ServiceContext, condition: SQL): SQL | undefined {
  return ctx.precondition === undefined ? undefined : condition;
}

/** The guard of a row that is put whether or not it was there: `time` is the column of its last change. */
export function ifStillAsRead(ctx: ServiceContext, time: SQLiteColumn, before: { updatedAt: number } | null): SQL {
  return ifStill(ctx, before === null ? sql`false` : eq(time, before.updatedAt)) ?? sql`true`;
}

/** When the row is changed: later than it was, however the clock goes, since that time is what guards tell rows apart by. */
export function changeTime({ clock }: ServiceContext, before: { updatedAt: number } | null): number {
  return Math.max(clock.now(), (before?.updatedAt ?? 0) + 1);
}

/** What it means that the guarded row was not there. */
export function lost(ctx: ServiceContext, otherwise: () => Problem): () => Problem {
  return ctx.precondition === undefined ? otherwise : unmet;
}

function unmet(): Problem {
  return problem("precondition-failed", { detail: "The resource is not, or no longer, what the request demands." });
}
