// Which chunks hold a term, how often, and about how long each is: in memory as numbers in threes, at rest as bytes.
//   L1  chunks ascend, and none is named twice.
//   L2  decoding what was encoded gives the same numbers.

/** Chunk, frequency and length code in turn. */
export type Postings = number[];

export const POSTING = 3;

/** A byte for a length, in steps of 4 %: enough to choose candidates by, which are then scored by their exact lengths. */
export function lengthCode(length: number): number {
  return Math.min(255, Math.round(STEPS_PER_DOUBLING * Math.log2(1 + length / SHORTEST)));
}

export function lengthOf(code: number): number {
  return (2 ** (code / STEPS_PER_DOUBLING) - 1) * SHORTEST;
}

const STEPS_PER_DOUBLING = 16;
const SHORTEST = 8;

/**
 * Each: the distance from the chunk before, doubled, odd when the term is there once; else how often; the length code. `before`
 * is the chunk that the first distance is taken from: the first chunk itself, or the last one of bytes that these continue.
 */
export function encodedPostings(postings: Postings, before: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array((postings.length / POSTING) * MAX_POSTING_BYTES);
  let end = 0;
  let last = before;
  for (let at = 0; at < postings.length; at += POSTING) {
    const chunk = postings[at] ?? 0;
    const frequency = postings[at + 1] ?? 1;
    const isOnce = frequency === 1 ? 1 : 0;
    end = putNumber(bytes, end, ((chunk - last) << 1) | isOnce);
    if (isOnce === 0) end = putNumber(bytes, end, frequency);
    bytes[end++] = postings[at + 2] ?? 0;
    last = chunk;
  }
  return bytes.slice(0, end);
}

/** Two numbers of 32 bits in bytes of 7, and the code. */
const MAX_POSTING_BYTES = 11;

function putNumber(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value >>> 0;
  for (; rest >= 128; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
  bytes[at++] = rest;
  return at;
}

/** `first` is the first chunk of the list, which its bytes do not hold. */
export function eachPosting(
  bytes: Uint8Array,
  first: number,
  visit: (chunk: number, frequency: number, code: number) => void,
): void {
  let chunk = first;
  for (let at = 0; at < bytes.length; ) {
    let head = bytes[at++] ?? 0;
    if (head >= 128) {
      head &= 127;
      for (let shift = 7, byte = 128; byte >= 128; shift += 7) {
        byte = bytes[at++] ?? 0;
        head |= (byte & 127) << shift;
      }
    }
    chunk += head >>> 1;
    let frequency = 1;
    if ((head & 1) === 0) {
      frequency = 0;
      for (let shift = 0, byte = 128; byte >= 128; shift += 7) {
        byte = bytes[at++] ?? 0;
        frequency |= (byte & 127) << shift;
      }
    }
    visit(chunk, frequency, bytes[at++] ?? 0);
  }
}

export function decodedPostings(bytes: Uint8Array, first: number): Postings {
  const postings: Postings = [];
  eachPosting(bytes, first, (chunk, frequency, code) => postings.push(chunk, frequency, code));
  return postings;
}

/** Both lists in one; they name no chunk in common. */
export function mergedPostings(a: Postings, b: Postings): Postings {
  const merged: Postings = [];
  for (let left = 0, right = 0; left < a.length || right < b.length; ) {
    const isLeft = (a[left] ?? Number.POSITIVE_INFINITY) < (b[right] ?? Number.POSITIVE_INFINITY);
    const [from, at] = isLeft ? [a, left] : [b, right];
    merged.push(from[at] ?? 0, from[at + 1] ?? 0, from[at + 2] ?? 0);
    if (isLeft) left += POSTING;
    else right += POSTING;
  }
  return merged;
}

export function withoutChunks(postings: Postings, first: number, end: number): Postings {
  return postings.filter((_, at) => {
    const chunk = postings[at - (at % POSTING)] ?? 0;
    return chunk < first || chunk >= end;
  });
}
