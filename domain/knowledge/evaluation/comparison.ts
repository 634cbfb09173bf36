import type { Comparison, Measurement } from "./evaluation.ts";

/** Below this two scores differ by rounding, not by an order. */
const SAME = 1e-9;

/** Two measurements of the same queries, side by side. */
export function comparison(measured: Measurement, other: Measurement): Comparison {
  const ndcgById = new Map(other.perQuery.map(({ id, ndcg }) => [id, ndcg]));
  const perQuery = measured.perQuery.map(({ id, ndcg }) => {
    const ndcgGain = (ndcgById.get(id) ?? 0) - ndcg;
    return { id, ndcgGain, winner: winnerOf(ndcgGain) };
  });
  const wonBy = (winner: ReturnType<typeof winnerOf>) => perQuery.filter((query) => query.winner === winner).length;
  return {
    with: other,
    ndcgGain: other.ndcg - measured.ndcg,
    pValue: pairedRandomisation(perQuery.map(({ ndcgGain }) => ndcgGain)),
    wins: { configuration: wonBy("configuration"), with: wonBy("with"), ties: wonBy("tie") },
    perQuery,
  };
}

function winnerOf(gain: number): "configuration" | "with" | "tie" {
  if (Math.abs(gain) < SAME) return "tie";
  return gain > 0 ? "with" : "configuration";
}

/** Enough that a p-value of .05 is right to a hundredth. */
const PERMUTATIONS = 2_000;

/** The share of random swaps of the two sides, query by query, that make a mean difference at least as large. */
export function pairedRandomisation(differences: readonly number[]): number {
  const changed = differences.filter((difference) => Math.abs(difference) >= SAME);
  if (changed.length === 0) return 1;
  const observed = Math.abs(changed.reduce((sum, difference) => sum + difference, 0));
  const coin = coins(changed.length);
  let asLarge = 0;
  for (let round = 0; round < PERMUTATIONS; round += 1) {
    let sum = 0;
    for (const difference of changed) sum += coin() ? difference : -difference;
    if (Math.abs(sum) >= observed - SAME) asLarge += 1;
  }
  return (asLarge + 1) / (PERMUTATIONS + 1);
}

/** A fixed sequence, so that the same measurements give the same p-value: xorshift32. */
function coins(seed: number): () => boolean {
  let state = (seed ^ 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state & 0x10000) !== 0;
  };
}
