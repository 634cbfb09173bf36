/** Grades of the relevant items of one query, by id; what is not listed is not relevant. */
export type Judgements = ReadonlyMap<string, number>;

/** Ids in ranked order; a repeated id counts at its first place alone. */
export type Ranking = readonly string[];

export interface QueryMetrics {
  readonly ndcg: number;
  readonly recall: number;
  readonly mrr: number;
  readonly success: number;
}

export function queryMetrics(ranking: Ranking, judgements: Judgements, k: number): QueryMetrics {
  const top = [...new Set(ranking)].slice(0, k);
  const relevant = [...judgements].filter(([, grade]) => grade > 0);
  const found = top.filter((id) => (judgements.get(id) ?? 0) > 0);
  const first = top.findIndex((id) => (judgements.get(id) ?? 0) > 0);
  const ideal = discountedGain(
    relevant
      .map(([, grade]) => grade)
      .toSorted((a, b) => b - a)
      .slice(0, k),
  );
  return {
    ndcg: ideal === 0 ? 0 : discountedGain(top.map((id) => Math.max(0, judgements.get(id) ?? 0))) / ideal,
    recall: relevant.length === 0 ? 0 : found.length / relevant.length,
    mrr: first === -1 ? 0 : 1 / (first + 1),
    success: first === -1 ? 0 : 1,
  };
}

/** Means over queries; all zero when there are none. */
export function meanMetrics(all: readonly QueryMetrics[]): QueryMetrics {
  const mean = (read: (metrics: QueryMetrics) => number) =>
    all.length === 0 ? 0 : all.reduce((sum, metrics) => sum + read(metrics), 0) / all.length;
  return {
    ndcg: mean((metrics) => metrics.ndcg),
    recall: mean((metrics) => metrics.recall),
    mrr: mean((metrics) => metrics.mrr),
    success: mean((metrics) => metrics.success),
  };
}

/** The value that this share of all lies at or below; 0 when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Lower bound of Wilson's interval: what a share measured on `total` trials is at least, in 39 of 40 cases. */
export function wilsonLowerBound(successes: number, total: number, z = 1.96): number {
  if (total === 0) return 0;
  const share = successes / total;
  const square = z * z;
  const centre = share + square / (2 * total);
  const margin = z * Math.sqrt((share * (1 - share)) / total + square / (4 * total * total));
  return (centre - margin) / (1 + square / total);
}

function discountedGain(grades: readonly number[]): number {
  return grades.reduce((sum, grade, index) => sum + grade / Math.log2(index + 2), 0);
}
