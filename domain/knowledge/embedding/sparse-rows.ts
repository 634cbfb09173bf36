// The few operations on matrices that learning topics needs. Dense ones are row after row in one array of `width` columns.

/** Rows of which few columns are not zero; row r has its columns and values from `starts[r]` to `starts[r + 1]`. */
export interface SparseRows {
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

const ROWS_AT_ONCE = 500;

/** Rows times a dense matrix: as many rows as the sparse one has. */
export function* times(rows: SparseRows, dense: Float32Array, width: number): Generator<undefined, Float32Array> {
  const count = rows.starts.length - 1;
  const product = new Float32Array(count * width);
  for (let row = 0; row < count; row += 1) {
    const sum = product.subarray(row * width, (row + 1) * width);
    for (let at = rows.starts[row] ?? 0; at < (rows.starts[row + 1] ?? 0); at += 1) {
      addScaled(sum, dense, (rows.columns[at] ?? 0) * width, rows.values[at] ?? 0);
    }
    if (row % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) yield;
  }
  return product;
}

/** The transposed rows times a dense matrix that has a row for each of them: `columns` rows. */
export function* transposedTimes(
  rows: SparseRows,
  dense: Float32Array,
  columns: number,
  width: number,
): Generator<undefined, Float32Array> {
  const product = new Float32Array(columns * width);
  for (let row = 0; row < rows.starts.length - 1; row += 1) {
    const source = dense.subarray(row * width, (row + 1) * width);
    for (let at = rows.starts[row] ?? 0; at < (rows.starts[row + 1] ?? 0); at += 1) {
      const column = rows.columns[at] ?? 0;
      addScaled(product.subarray(column * width, (column + 1) * width), source, 0, rows.values[at] ?? 0);
    }
    if (row % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) yield;
  }
  return product;
}

function addScaled(target: Float32Array, source: Float32Array, from: number, factor: number): void {
  for (let at = 0; at < target.length; at += 1) target[at] = (target[at] ?? 0) + factor * (source[from + at] ?? 0);
}

/** Makes the columns orthogonal and of length one, in place (Gram and Schmidt, modified). One that depends on others is zero. */
export function* orthonormalised(dense: Float32Array, width: number): Generator<undefined, void> {
  const height = dense.length / width;
  const columns = Array.from({ length: width }, (_, column) =>
    Float64Array.from({ length: height }, (_, row) => dense[row * width + column] ?? 0),
  );
  for (const [index, column] of columns.entries()) {
    const before = Math.sqrt(dot(column, column));
    for (const earlier of columns.slice(0, index)) {
      const shared = dot(column, earlier);
      for (let row = 0; row < height; row += 1) column[row] = (column[row] ?? 0) - shared * (earlier[row] ?? 0);
    }
    const length = Math.sqrt(dot(column, column));
    const scale = length > before * 1e-7 ? 1 / length : 0;
    for (let row = 0; row < height; row += 1) column[row] = (column[row] ?? 0) * scale;
    if (index % 24 === 23) yield;
  }
  for (const [index, column] of columns.entries()) {
    for (let row = 0; row < height; row += 1) dense[row * width + index] = column[row] ?? 0;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
