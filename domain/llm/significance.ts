// Whether two samples differ by more than chance would make them. Both tests are two-sided.

export interface Comparison {
  difference: number;
  /** How likely chance alone makes a difference like this one. */
  pValue: number;
}

export interface Sample {
  count: number;
  mean: number;
  variance: number;
}

/** Two proportions, pooled. Without a case on either side, or without a call, nothing can be said. */
export function proportionTest(
  a: { cases: number; count: number },
  b: { cases: number; count: number },
): Comparison | null {
  if (a.count === 0 || b.count === 0) return null;
  const difference = b.cases / b.count - a.cases / a.count;
  const pooled = (a.cases + b.cases) / (a.count + b.count);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / a.count + 1 / b.count));
  if (error === 0) return { difference, pValue: 1 };
  return { difference, pValue: outsideNormal(difference / error) };
}

/** Welch's test: two means, with variances that need not be equal. */
export function welchTest(a: Sample, b: Sample): Comparison | null {
  if (a.count < 2 || b.count < 2) return null;
  const [va, vb] = [a.variance / a.count, b.variance / b.count];
  const difference = b.mean - a.mean;
  if (va + vb === 0) return { difference, pValue: difference === 0 ? 1 : 0 };
  const t = difference / Math.sqrt(va + vb);
  const freedom = (va + vb) ** 2 / (va ** 2 / (a.count - 1) + vb ** 2 / (b.count - 1));
  return { difference, pValue: outsideStudent(t, freedom) };
}

/** From count, sum and sum of squares, as a database tells them. */
export function sampleOf(count: number, sum: number, squares: number): Sample {
  if (count === 0) return { count, mean: 0, variance: 0 };
  const mean = sum / count;
  const variance = count < 2 ? 0 : Math.max(0, (squares - count * mean * mean) / (count - 1));
  return { count, mean, variance };
}

/** The part of the normal distribution beyond z on both sides, by Student's with so many degrees of freedom that they are the same. */
function outsideNormal(z: number): number {
  return outsideStudent(z, 1e7);
}

/** The part of Student's distribution beyond t on both sides: not by what lies within, which leaves nothing of a small part. */
function outsideStudent(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22), evaluated as Lentz does. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast below this; above it the function is mirrored.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  const tiny = 1e-300;
  const kept = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 300; m++) {
    for (const factor of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / kept(1 + factor * d);
      c = kept(1 + factor / c);
      fraction *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-14) break;
  }
  return front * fraction;
}

/** Stirling's series (DLMF 5.11.1), for arguments that were raised to where it is exact. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift += Math.log(z);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5);
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift;
}
