// Work that several share, of which each ends by itself.

export type Settled<T> = PromiseSettledResult<T>;

/**
 * Does at once what is to be done with all that went well so far; what failed before stays as it failed, and what fails as a
 * whole fails for each. Answers in the order of `results`.
 */
export async function together<T, R>(
  results: readonly Settled<T>[],
  work: (values: T[]) => Promise<Settled<R>[]>,
): Promise<Settled<R>[]> {
  const values = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const done = (await allAtOnce(values, work)).values();
  return results.map((result) => (result.status === "rejected" ? result : (done.next().value ?? UNANSWERED)));
}

const UNANSWERED = { status: "rejected", reason: new Error("The shared work did not answer for all.") } as const;

/** Does the work of all at once; what fails as a whole fails for each. */
export async function allAtOnce<T, R>(
  values: T[],
  work: (values: T[]) => Promise<Settled<R>[]>,
): Promise<Settled<R>[]> {
  if (values.length === 0) return [];
  try {
    return await work(values);
  } catch (reason) {
    return values.map(() => ({ status: "rejected", reason }));
  }
}

/** What it came to; fails as it failed. */
export function outcomeOf<T>(result: Settled<T> | undefined): T {
  if (result === undefined) throw UNANSWERED.reason;
  if (result.status === "rejected") throw result.reason;
  return result.value;
}
