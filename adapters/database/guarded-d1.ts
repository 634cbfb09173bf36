import type { Guard } from "../isolate-breaker.ts";

/** Longer than any query of ours takes, and shorter than D1's own bound of 30 seconds. */
export const D1_TIMEOUT_MS = 15_000;

// developers.cloudflare.com/d1/observability/debug-d1: what D1 says when it is not the statement's fault.
const OUTAGE =
  /Network connection lost|overloaded|transient issue|caused object to be reset|reset because its code was updated|exceeded timeout|internal error/i;

export function isD1Outage(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (OUTAGE.test(at.message)) return true;
  return false;
}

/** The database behind a breaker: what reaches D1 is counted, and while D1 is down nothing waits for it. */
export function guardedD1(database: D1Database, guard: Guard): D1Database {
  // A batch takes the statements that the database itself has made.
  const plain = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

  function guarded(statement: D1PreparedStatement): D1PreparedStatement {
    const same: Pick<D1PreparedStatement, "bind" | "run" | "all" | "raw" | "first"> = {
      bind: (...values: unknown[]) => guarded(statement.bind(...values)),
      run: <T>() => guard(() => statement.run<T>()),
      all: <T>() => guard(() => statement.all<T>()),
      raw: ((options: { columnNames: true }) => guard(() => statement.raw(options))) as D1PreparedStatement["raw"],
      first: ((column: string) => guard(() => statement.first(column))) as D1PreparedStatement["first"],
    };
    // The class of D1 has private members; nobody but D1 itself looks for them, and D1 is given its own.
    const wrapped = same as D1PreparedStatement;
    plain.set(wrapped, statement);
    return wrapped;
  }

  const same: Pick<D1Database, "prepare" | "batch" | "exec" | "withSession" | "dump"> = {
    prepare: (query) => guarded(database.prepare(query)),
    batch: (statements) =>
      guard(() => database.batch(statements.map((statement) => plain.get(statement) ?? statement))),
    exec: (query) => guard(() => database.exec(query)),
    withSession: (constraint) => database.withSession(constraint),
    dump: () => database.dump(),
  };
  return same as D1Database;
}
