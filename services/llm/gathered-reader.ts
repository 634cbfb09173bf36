import type { Clock } from "../../domain/kernel/time.ts";
import { within } from "../within.ts";

// Reads a provider's stream in fewer and larger pieces than it comes in. A read of the runtime ends with the provider's own
// chunk, and each is a turn of JavaScript: for a model that is quick that was two thirds of what a stream cost.
//   G1  A piece that had to be waited for is read as soon as it is there. Where it was there at once, the stream is quick, and the
//       next is gathered: until there are GATHER_BYTES, for at most MAX_PACE_MS, and for less where few streams are under way.
//   G2  The provider is read at most GATHER_BYTES, and a chunk of its own, further than what was taken: a client that does not
//       read holds it back.
//   G3  What is not a stream of the runtime itself is read as it comes, and so is every stream until it shows that it is quick.

export interface PieceReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  /** Stops the provider. */
  cancel(): Promise<void>;
  /** Nothing more is wanted: the provider is given a moment to close by itself, so that its connection can be used again. */
  finish(): void;
}

/** Below what an eye sees, and several tokens of a quick model. */
const MAX_PACE_MS = 33;
/** The whole of a short answer, so that it is drained in one turn. */
const GATHER_BYTES = 16_384;
// A server closes right behind its end mark; one that does not after this long never will.
const CLOSING_MS = 500;

let streams = 0;

export function gatheredReader(stream: ReadableStream<Uint8Array>, clock: Clock): PieceReader {
  const reader = readerOfTheRuntime(stream);
  return reader === null ? plainReader(stream) : new GatheredReader(stream, reader, clock);
}

function plainReader(stream: ReadableStream<Uint8Array>): PieceReader {
  const reader = stream.getReader();
  return {
    read: () => reader.read(),
    cancel: () => reader.cancel(),
    finish: () => closeOrStop(reader),
  };
}

class GatheredReader implements PieceReader {
  readonly #clock: Clock;
  /** As it came; once it is split, the branch that is filled while it is not read. */
  #stream: ReadableStream<Uint8Array>;
  /** `null` until the branch is read: what is drained to its end never is. */
  #reader: ReadableStreamBYOBReader | null;
  #ahead: ReadableStreamBYOBReader | null = null;
  /** Memory for the next read of either; whoever finds none takes some anew. */
  #buffer: ArrayBufferLike | null = null;
  #spare: ArrayBufferLike | null = null;
  /** The drain under way; it never rejects. */
  #drained: Promise<void> | null = null;
  /** How many bytes were drained and not read. */
  #lead = 0;
  /** What was drained last before the provider's end. */
  #last: Uint8Array | null = null;
  #isQuick = false;
  #hasClosed = false;
  #isOver = false;

  constructor(stream: ReadableStream<Uint8Array>, reader: ReadableStreamBYOBReader, clock: Clock) {
    this.#stream = stream;
    this.#reader = reader;
    this.#clock = clock;
    streams += 1;
  }

  async read() {
    if (this.#isQuick && this.#ahead === null) this.#ahead = this.#split();
    if (this.#ahead !== null) this.#drain(this.#ahead);
    if (this.#isQuick && this.#drained !== null) await within(this.#drained, paceMs(), () => {});
    const rest = this.#rest();
    if (rest !== null) return { done: false, value: rest };
    const askedAt = this.#clock.now();
    try {
      this.#reader ??= this.#stream.getReader({ mode: "byob" });
      const { done, value } = await this.#reader.read(new Uint8Array(this.#buffer ?? new ArrayBuffer(GATHER_BYTES)));
      this.#isQuick = this.#clock.now() - askedAt < paceMs();
      if (done || value === undefined) {
        this.#hasClosed = true;
        this.#end();
        return { done: true };
      }
      this.#buffer = value.buffer;
      this.#lead -= value.byteLength;
      return { done, value: value.slice() };
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async cancel() {
    this.#end();
    await Promise.all([this.#stop(), this.#ahead?.cancel()]);
  }

  finish(): void {
    this.#end();
    if (!this.#hasClosed) closeOrStop(this);
  }

  // One branch is drained without JavaScript, which fills the buffer of the other while that is not read.
  #split(): ReadableStreamBYOBReader {
    this.#reader?.releaseLock();
    const [ahead, behind] = this.#stream.tee();
    this.#stream = behind;
    this.#reader = null;
    this.#spare = this.#buffer;
    this.#buffer = null;
    this.#lead = 0;
    return ahead.pipeThrough(new IdentityTransformStream()).getReader({ mode: "byob" });
  }

  #drain(ahead: ReadableStreamBYOBReader): void {
    if (this.#drained !== null || this.#lead > 0 || this.#hasClosed) return;
    this.#drained = ahead.readAtLeast(GATHER_BYTES, new Uint8Array(this.#spare ?? new ArrayBuffer(GATHER_BYTES))).then(
      ({ done, value }) => {
        const size = value?.byteLength ?? 0;
        this.#hasClosed ||= done || size < GATHER_BYTES;
        this.#drained = null;
        this.#lead += size;
        if (this.#hasClosed) this.#last = value ?? null;
        else if (value !== undefined) this.#spare = value.buffer;
      },
      () => {},
    );
  }

  /** All that is left to read, once the provider has ended: a drain begins when everything before it was read, so the last one brought it. */
  #rest(): Uint8Array | null {
    if (this.#last === null || this.#lead <= 0) return null;
    const rest = this.#last.subarray(-this.#lead);
    this.#lead = 0;
    this.#stop().catch(() => {});
    return rest;
  }

  #stop(): Promise<void> {
    return (this.#reader ?? this.#stream).cancel();
  }

  #end(): void {
    if (!this.#isOver) streams -= 1;
    this.#isOver = true;
  }
}

function closeOrStop(reader: Pick<PieceReader, "read" | "cancel">): void {
  const timer = setTimeout(() => reader.cancel().catch(() => {}), CLOSING_MS);
  const stop = () => clearTimeout(timer);
  reader.read().then(stop, stop);
}

/** Few streams have the processor for themselves; the more there are, the more is gained by gathering. */
function paceMs(): number {
  return Math.min(MAX_PACE_MS, 2 * streams);
}

/** `null` for a stream that JavaScript feeds. */
function readerOfTheRuntime(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  if (typeof IdentityTransformStream === "undefined") return null;
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}
