// The text of a body, of which no more is read than it may have.

/** Most answers of models are shorter: one read brings all of them then, and tells that they end there. */
const PART_BYTES = 16_384;

/** The memory of reads that are over: what every read would take anew costs more than the reading. One megabyte at most. */
const spare: ArrayBuffer[] = [];
const MAX_SPARE = 64;

/** Stops reading as soon as the body is larger than `maxBytes`, and throws what `tooLarge` makes. */
export async function boundedText(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const part of partsOf(body)) {
    length += part.byteLength;
    if (length > maxBytes) throw tooLarge();
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

/** A part may be looked at until the next one is asked for. */
async function* partsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = fillingReader(body);
  if (reader === null) {
    yield* body;
    return;
  }
  let buffer = spare.pop() ?? new ArrayBuffer(PART_BYTES);
  for (let size = PART_BYTES; size === PART_BYTES; ) {
    const { value } = await reader.readAtLeast(PART_BYTES, new Uint8Array(buffer));
    if (value === undefined) return;
    yield value;
    size = value.byteLength;
    buffer = value.buffer;
  }
  if (spare.length < MAX_SPARE) spare.push(buffer);
}

/** A reader that fills what it is given unless the body ends; `null` where there is none: outside workerd, and for streams made of code. */
function fillingReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  if (!("readAtLeast" in ReadableStreamBYOBReader.prototype)) return null;
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}
