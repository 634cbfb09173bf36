/** More sweeps than a matrix of some hundred columns needs to converge. */
const MAX_SWEEPS = 15;
const NEGLIGIBLE = 1e-10;

/** Of a symmetric matrix, largest eigenvalue first; eigenvector i is column i. Jacobi's rotations. */
export function* eigenvectors(
  symmetric: Float64Array,
  size: number,
): Generator<undefined, { values: Float64Array; vectors: Float64Array }> {
  const matrix = Float64Array.from(symmetric);
  const basis = new Float64Array(size * size);
  for (let at = 0; at < size; at += 1) basis[at * size + at] = 1;
  const scale = Math.max(...Array.from({ length: size }, (_, at) => Math.abs(matrix[at * size + at] ?? 0)), 1e-300);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep += 1) {
    let rotations = 0;
    for (let p = 0; p < size; p += 1) {
      for (let q = p + 1; q < size; q += 1) {
        if (Math.abs(matrix[p * size + q] ?? 0) <= scale * NEGLIGIBLE) continue;
        rotate(matrix, basis, size, p, q);
        rotations += 1;
      }
      if (p % 72 === 71) yield;
    }
    if (rotations === 0) break;
  }
  const diagonal = Array.from({ length: size }, (_, at) => matrix[at * size + at] ?? 0);
  const order = [...diagonal.keys()].toSorted((a, b) => (diagonal[b] ?? 0) - (diagonal[a] ?? 0));
  const vectors = new Float64Array(size * size);
  for (const [to, from] of order.entries()) {
    for (let row = 0; row < size; row += 1) vectors[row * size + to] = basis[from * size + row] ?? 0;
  }
  return { values: Float64Array.from(order, (at) => diagonal[at] ?? 0), vectors };
}

/** Turns the plane of p and q so that their common element becomes zero. The basis is kept by rows. */
function rotate(matrix: Float64Array, basis: Float64Array, size: number, p: number, q: number): void {
  const shared = matrix[p * size + q] ?? 0;
  const theta = ((matrix[q * size + q] ?? 0) - (matrix[p * size + p] ?? 0)) / (2 * shared);
  const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let at = 0; at < size; at += 1) {
    const [x, y] = [matrix[at * size + p] ?? 0, matrix[at * size + q] ?? 0];
    matrix[at * size + p] = cosine * x - sine * y;
    matrix[at * size + q] = sine * x + cosine * y;
  }
  for (let at = 0; at < size; at += 1) {
    const [x, y] = [matrix[p * size + at] ?? 0, matrix[q * size + at] ?? 0];
    matrix[p * size + at] = cosine * x - sine * y;
    matrix[q * size + at] = sine * x + cosine * y;
    const [u, v] = [basis[p * size + at] ?? 0, basis[q * size + at] ?? 0];
    basis[p * size + at] = cosine * u - sine * v;
    basis[q * size + at] = sine * u + cosine * v;
  }
}
