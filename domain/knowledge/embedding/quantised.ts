/** A vector as bytes: value = byte * scale. Cosines of two such vectors are right to about one part in a hundred. */
export interface QuantisedVector {
  readonly bytes: Int8Array;
  readonly scale: number;
}

const MAX_BYTE = 127;

/** The direction of a vector in bytes: it is brought to unit length first, so that dot products are cosines. */
export function quantised(vector: ArrayLike<number>): QuantisedVector {
  let square = 0;
  let largest = 0;
  for (let at = 0; at < vector.length; at += 1) {
    const value = vector[at] ?? 0;
    square += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  const bytes = new Int8Array(vector.length);
  if (largest === 0 || !Number.isFinite(square)) return { bytes, scale: 0 };
  const factor = MAX_BYTE / largest;
  for (let at = 0; at < vector.length; at += 1) bytes[at] = Math.round((vector[at] ?? 0) * factor);
  return { bytes, scale: 1 / (factor * Math.sqrt(square)) };
}
