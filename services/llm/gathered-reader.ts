import type { Clock } from "../../domain/kernel/time.ts";

// Reads a provider's stream in fewer and larger pieces than it comes in. A read of the runtime ends with the provider's own
// chunk, and each is a turn of JavaScript: for a model that is quick that was two thirds of what a stream cost.
//   G1  The first piece, and any after a pause, is read as soon as it is there. Pieces that follow each other closely are
//       gathered for at most MAX_PACE_MS, and for less where few streams are under way.
//   G2  The provider is read at most AHEAD_BYTES further than what was taken: a client that does not read holds it back.
//   G3  What is not a stream of the runtime itself is read as it comes.

export interface PieceReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  /** Stops the provider. */
  cancel(): Promise<void>;
}

/** Below what an eye sees, and several tokens of a quick model. */
const MAX_PACE_MS = 20;
const PIECE_BYTES = 16_384;
const AHEAD_BYTES = 65_536;

let streams = 0;

export function gatheredReader(stream: ReadableStream<Uint8Array>, clock: Clock): PieceReader {
  return isOfTheRuntime(stream) ? new GatheredReader(stream, clock) : stream.getReader();
}

class GatheredReader implements PieceReader {
  readonly #clock: Clock;
  readonly #behind: ReadableStreamBYOBReader;
  readonly #ahead: ReadableStreamBYOBReader;
  #buffer: ArrayBufferLike = new ArrayBuffer(PIECE_BYTES);
  #lead = 0;
  #isDraining = false;
  #isOver = false;
  #readAt = 0;

  // One branch is drained without JavaScript, which fills the buffer of the other while that is not read.
  constructor(stream: ReadableStream<Uint8Array>, clock: Clock) {
    this.#clock = clock;
    const [ahead, behind] = stream.tee();
    const drain = new IdentityTransformStream();
    // Streams that cannot be drained so are read as they come.
    ahead.pipeTo(drain.writable).catch(() => ahead.cancel().catch(() => {}));
    this.#ahead = drain.readable.getReader({ mode: "byob" });
    this.#behind = behind.getReader({ mode: "byob" });
    streams += 1;
  }

  async read() {
    const restMs = this.#readAt + paceMs() - this.#clock.now();
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    this.#drain();
    try {
      const { done, value } = await this.#behind.read(new Uint8Array(this.#buffer));
      this.#readAt = this.#clock.now();
      if (done || value === undefined) {
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
    await Promise.all([this.#behind.cancel(), this.#ahead.cancel()]);
  }

  #drain(): void {
    if (this.#isDraining || this.#lead > 0) return;
    this.#isDraining = true;
    this.#ahead.readAtLeast(AHEAD_BYTES, new Uint8Array(AHEAD_BYTES)).then(
      ({ done, value }) => {
        this.#isDraining = done;
        this.#lead += value?.byteLength ?? 0;
      },
      () => {},
    );
  }

  #end(): void {
    if (!this.#isOver) streams -= 1;
    this.#isOver = true;
  }
}

/** Few streams have the processor for themselves; the more there are, the more is gained by gathering. */
function paceMs(): number {
  return Math.min(MAX_PACE_MS, streams);
}

function isOfTheRuntime(stream: ReadableStream<Uint8Array>): boolean {
  if (typeof IdentityTransformStream === "undefined") return false;
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
