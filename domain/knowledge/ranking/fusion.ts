/** Values brought to 0..1 by the smallest and largest of them; all alike (or alone) is 1 when positive. */
export function minMax(values: readonly number[]): number[] {
  const smallest = Math.min(...values);
  const largest = Math.max(...values);
  const range = largest - smallest;
  return values.map((value) => (range > 0 ? (value - smallest) / range : value > 0 ? 1 : 0));
}

/** Reciprocal rank fusion's usual constant: large enough that the first ranks do not decide alone. */
const RRF_K = 60;

/** Sum over signals of 1 / (60 + rank), brought to 0..1. Ties share the better rank, so order of input does not matter. */
export function reciprocalRankFusion(signals: readonly (readonly number[])[]): number[] {
  const size = signals[0]?.length ?? 0;
  const sums = new Array<number>(size).fill(0);
  for (const signal of signals) {
    const order = [...signal.keys()].toSorted((a, b) => (signal[b] ?? 0) - (signal[a] ?? 0));
    let rank = 0;
    for (const [position, index] of order.entries()) {
      const previous = order[position - 1];
      if (previous === undefined || signal[previous] !== signal[index]) rank = position + 1;
      sums[index] = (sums[index] ?? 0) + 1 / (RRF_K + rank);
    }
  }
  const best = signals.length / (RRF_K + 1);
  return sums.map((value) => value / best);
}
