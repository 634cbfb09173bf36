const POOL_BYTES = 4_096;

export interface RandomSource {
  /** Fresh random bytes, no byte of which is given out twice. */
  bytes(count: number): Uint8Array<ArrayBuffer>;
  fill(target: Uint8Array<ArrayBuffer>): void;
  /** Uniform in [0, 1). */
  next(): number;
}

/** The runtime's random numbers, fetched by the page: a request wants a dozen small amounts, and every fetch has its price. */
export function pooledRandom(): RandomSource {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  const fill = (target: Uint8Array<ArrayBuffer>) => {
    if (target.byteLength > POOL_BYTES) {
      crypto.getRandomValues(target);
      return;
    }
    if (used + target.byteLength > POOL_BYTES) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    const end = used + target.byteLength;
    target.set(pool.subarray(used, end));
    // What was given out does not stay behind in memory.
    pool.fill(0, used, end);
    used = end;
  };
  const bytes = (count: number) => {
    const target = new Uint8Array(count);
    fill(target);
    return target;
  };
  const draw = new DataView(new ArrayBuffer(4));
  const drawn = new Uint8Array(draw.buffer);
  const next = () => {
    fill(drawn);
    return draw.getUint32(0) / 2 ** 32;
  };
  return { bytes, fill, next };
}
