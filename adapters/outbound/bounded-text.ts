// The text of a body, of which no more is read than it may have.

/** Most answers of models are shorter: one read brings all of them then, and tells that they end there. */
const PART_BYTES = 16_384;

/** The memory of reads that are over: what every read would take anew costs more than the reading. One megabyte at most. */
const spare: ArrayBuffer[] = [];
const MAX_SPARE = 64;

const WHOLE = new TextDecoder();

/** Stops reading as soon as the body is larger than `maxBytes`, and throws what `tooLarge` makes. */
export async function boundedText(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<string> {
  const reader = fillingReader(body);
  if (reader === null) return joined(body, maxBytes, tooLarge);
  const first = await filled(reader, spare.pop() ?? new ArrayBuffer(PART_BYTES));
  if (first.byteLength === PART_BYTES) return joined(partsFrom(first, reader), maxBytes, tooLarge);
  if (first.byteLength > maxBytes) throw tooLarge();
  const text = WHOLE.decode(first);
  keepSpare(first);
  return text;
}

async function joined(parts: AsyncIterable<Uint8Array>, maxBytes: number, tooLarge: () => Error): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const part of parts) {
    length += part.byteLength;
    if (length > maxBytes) throw tooLarge();
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

/** A part may be looked at until the next one is asked for. */
async function* partsFrom(
  first: Uint8Array<ArrayBuffer>,
  reader: ReadableStreamBYOBReader,
): AsyncGenerator<Uint8Array> {
  let part = first;
  while (part.byteLength === PART_BYTES) {
    yield part;
    part = await filled(reader, part.buffer);
  }
  yield part;
  keepSpare(part);
}

/** Shorter than the buffer only where the body ends. */
async function filled(reader: ReadableStreamBYOBReader, buffer: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  const { value } = await reader.readAtLeast(PART_BYTES, new Uint8Array(buffer));
  return value ?? new Uint8Array(0);
}

function keepSpare({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (spare.length < MAX_SPARE && buffer.byteLength === PART_BYTES) spare.push(buffer);
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
