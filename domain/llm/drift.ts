import * as z from "zod";

// Whether a model answers otherwise than it used to: a recent window beside a reference window.

export const DriftSignal = z
  .strictObject({
    signal: z.enum(["answer-length", "refusal-rate", "rating", "meaning"]),
    test: z.enum(["population-stability", "mean-shift", "centroid"]),
    value: z.number(),
    limit: z.number(),
    hasDrifted: z.boolean(),
    reference: z.number().nullable().describe("The mean of the reference window, where there is one."),
    recent: z.number().nullable(),
  })
  .meta({ id: "DriftSignal" });
export type DriftSignal = z.infer<typeof DriftSignal>;

export const DriftReport = z
  .strictObject({
    subject: z.string().describe("A model route, or `provider/model`."),
    routeVersion: z.int().nullable().describe("Of a route: the version that was compared with itself."),
    referenceCalls: z.int(),
    recentCalls: z.int(),
    hasDrifted: z.boolean(),
    signals: z.array(DriftSignal),
  })
  .meta({ id: "DriftReport" });
export type DriftReport = z.infer<typeof DriftReport>;

/** What is known of the answers of a window. */
export interface DriftWindow {
  lengths: readonly number[];
  refusals: { count: number; of: number };
  ratings: readonly number[];
  vectors: readonly (readonly number[])[];
}

/** The customary reading of the index: below 0.1 stable, above 0.25 a shift that needs a look. */
const PSI_LIMIT = 0.25;
/** Standard errors; by chance less than once in ten thousand comparisons. */
const SHIFT_LIMIT = 4;
/** Cosine distance of the centres, beyond what two halves of the reference differ by. */
const CENTROID_LIMIT = 0.15;
const MIN_VALUES = 30;
const BINS = 10;

export function driftReport(
  subject: string,
  reference: DriftWindow,
  recent: DriftWindow,
): Omit<DriftReport, "routeVersion"> {
  const signals = [
    ...lengthSignals(reference.lengths, recent.lengths),
    ...refusalSignal(reference.refusals, recent.refusals),
    ...meanSignal("rating", reference.ratings, recent.ratings),
    ...meaningSignal(reference.vectors, recent.vectors),
  ];
  return {
    subject,
    referenceCalls: reference.refusals.of,
    recentCalls: recent.refusals.of,
    hasDrifted: signals.some(({ hasDrifted }) => hasDrifted),
    signals,
  };
}

/**
 * How differently two samples spread over the reference's deciles: the sum of (q - p) ln(q / p). A bin that holds nobody is
 * counted as half a value, since the logarithm of nothing is infinite.
 */
export function populationStability(reference: readonly number[], recent: readonly number[]): number {
  const edges = decileEdges(reference);
  const p = shares(reference, edges);
  const q = shares(recent, edges);
  return p.reduce((sum, share, bin) => sum + ((q[bin] ?? 0) - share) * Math.log((q[bin] ?? 0) / share), 0);
}

/** The difference of the means in standard errors. */
export function meanShift(reference: readonly number[], recent: readonly number[]): number {
  const error = Math.sqrt(variance(reference) / reference.length + variance(recent) / recent.length);
  const difference = mean(recent) - mean(reference);
  if (error === 0) return difference === 0 ? 0 : Math.sign(difference) * Number.MAX_SAFE_INTEGER;
  return difference / error;
}

/** 1 - cosine of the centres of two clouds. */
export function centroidShift(
  reference: readonly (readonly number[])[],
  recent: readonly (readonly number[])[],
): number {
  const [a, b] = [centre(reference), centre(recent)];
  const dot = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  return lengths === 0 ? 0 : 1 - dot / lengths;
}

function lengthSignals(reference: readonly number[], recent: readonly number[]): DriftSignal[] {
  if (Math.min(reference.length, recent.length) < MIN_VALUES) return [];
  const value = populationStability(reference, recent);
  // Small samples scatter by themselves: the index of equal populations is about (bins - 1) (1/n + 1/m).
  const scatter = 2 * (BINS - 1) * (1 / reference.length + 1 / recent.length);
  const limit = Math.max(PSI_LIMIT, scatter);
  const told = { reference: mean(reference), recent: mean(recent) };
  return [
    { signal: "answer-length", test: "population-stability", value, limit, hasDrifted: value > limit, ...told },
    ...meanSignal("answer-length", reference, recent),
  ];
}

function meanSignal(
  signal: "answer-length" | "rating",
  reference: readonly number[],
  recent: readonly number[],
): DriftSignal[] {
  if (Math.min(reference.length, recent.length) < MIN_VALUES) return [];
  return [shiftSignal(signal, meanShift(reference, recent), mean(reference), mean(recent))];
}

function refusalSignal(reference: DriftWindow["refusals"], recent: DriftWindow["refusals"]): DriftSignal[] {
  if (Math.min(reference.of, recent.of) < MIN_VALUES) return [];
  const [p, q] = [reference.count / reference.of, recent.count / recent.of];
  const pooled = (reference.count + recent.count) / (reference.of + recent.of);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / reference.of + 1 / recent.of));
  return [shiftSignal("refusal-rate", error === 0 ? 0 : (q - p) / error, p, q)];
}

function shiftSignal(signal: DriftSignal["signal"], value: number, reference: number, recent: number): DriftSignal {
  const hasDrifted = Math.abs(value) > SHIFT_LIMIT;
  return { signal, test: "mean-shift", value, limit: SHIFT_LIMIT, hasDrifted, reference, recent };
}

function meaningSignal(
  reference: readonly (readonly number[])[],
  recent: readonly (readonly number[])[],
): DriftSignal[] {
  if (Math.min(reference.length, recent.length) < MIN_VALUES) return [];
  const even = reference.filter((_, i) => i % 2 === 0);
  const odd = reference.filter((_, i) => i % 2 === 1);
  const limit = CENTROID_LIMIT + centroidShift(even, odd);
  const value = centroidShift(reference, recent);
  return [
    { signal: "meaning", test: "centroid", value, limit, hasDrifted: value > limit, reference: null, recent: null },
  ];
}

/** Inner edges; equal values share a bin, so there may be fewer than nine. */
function decileEdges(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const edges = Array.from({ length: BINS - 1 }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / BINS)] ?? 0);
  return [...new Set(edges)];
}

function shares(values: readonly number[], edges: readonly number[]): number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const value of values) {
    const bin = edges.filter((edge) => value >= edge).length;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((count) => Math.max(count, 0.5) / values.length);
}

function centre(vectors: readonly (readonly number[])[]): number[] {
  const [first = []] = vectors;
  return first.map((_, i) => mean(vectors.map((vector) => vector[i] ?? 0)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1);
}
