import { asProblem, type Problem, problem } from "../../domain/kernel/problem.ts";
import { type Clock, SECOND_MS } from "../../domain/kernel/time.ts";
import { DONE, eventText } from "../../domain/llm/event-stream.ts";
import { openAiError } from "../../domain/llm/openai-error.ts";
import { type PassedEvents, type StreamFilter, streamFilter } from "../../domain/llm/stream-filter.ts";
import { streamOpening } from "../../domain/llm/stream-opening.ts";
import type { TokenUsage } from "../../domain/llm/token-usage.ts";
import { gatheredReader, type PieceReader } from "./gathered-reader.ts";

// Passes a provider's stream on to a client, as fast as the client reads and no faster.
//   R1  Nothing is promised before the provider's first word: a failure until then is thrown, and keeps its status.
//   R2  A stream that breaks ends with an error event and without the end mark, whatever broke it.
//   R3  There is one outcome, whoever ended the stream: the provider, its silence, or the client that left.
//   R4  A client that waits hears a comment every 15 seconds from its request on, also before the first word.

export interface RelayOptions {
  provider: string;
  /** Pass on the usage that the provider tells. */
  wantsUsage: boolean;
  /** Longest silence of the provider. */
  silenceMs: number;
  /** When the first word must have come, whatever else the provider sends; where absent its silence alone counts. */
  firstWordBy?: number | undefined;
  clock: Clock;
  /** When the client began to wait. */
  askedAt: number;
  signal?: AbortSignal | undefined;
  /** Is told of every event that goes on to the client. Must be quick. */
  passed?: PassedEvents | null;
}

export interface StreamOutcome {
  status: "succeeded" | "interrupted" | "cancelled";
  usage: TokenUsage | null;
  estimatedCompletionTokens: number;
  finishReason: string | null;
  firstTokenAt: number | null;
  problem: Problem | null;
}

export interface Relay {
  body: ReadableStream<Uint8Array>;
  outcome: Promise<StreamOutcome>;
}

// Proxies commonly cut a connection that is silent for 30 to 100 seconds.
const HEARTBEAT_MS = 15 * SECOND_MS;
const ENCODER = new TextEncoder();
const KEEP_ALIVE = ENCODER.encode(": keep-alive\n\n");
const END = ENCODER.encode(eventText(DONE));

/** Resolves with the first word, or when the client must hear that it is being served. */
export async function relayStream(upstream: ReadableStream<Uint8Array>, options: RelayOptions): Promise<Relay> {
  const relay = new StreamRelay(upstream, options);
  const first = relay.next();
  await relay.begun(first);
  return { body: relay.body(first), outcome: relay.outcome };
}

class StreamRelay {
  readonly outcome: Promise<StreamOutcome>;
  readonly #options: RelayOptions;
  readonly #reader: PieceReader;
  readonly #filter: StreamFilter;
  readonly #opening = streamOpening();
  readonly #ended = Promise.withResolvers<StreamOutcome>();
  /** Resolves when the client must hear of its request before the first word; rejects when the provider was silent for too long. */
  readonly #silence = Promise.withResolvers<void>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #deadline: ReturnType<typeof setTimeout> | null;
  readonly #onAbort = () => this.#settle("cancelled", null);
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #isEnded = false;
  #firstTokenAt: number | null = null;
  /** Since when the provider is waited for; silence while the client does not read is the client's. */
  #waitingSince: number | null = null;
  #lastSentAt: number;

  constructor(upstream: ReadableStream<Uint8Array>, options: RelayOptions) {
    this.#options = options;
    this.#reader = gatheredReader(upstream, options.clock);
    this.#filter = streamFilter(options.wantsUsage, options.passed);
    this.#lastSentAt = options.askedAt;
    this.outcome = this.#ended.promise;
    this.#silence.promise.catch(() => {});
    this.#timer = setInterval(() => this.#tick(), tickMs(options.silenceMs));
    const { firstWordBy, clock, provider } = options;
    const late = () =>
      this.#giveUp(problem("provider-timeout", { detail: `The provider ${provider} did not begin in time.` }));
    this.#deadline = firstWordBy === undefined ? null : setTimeout(late, Math.max(0, firstWordBy - clock.now()));
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
  }

  /** The next bytes for the client; `null` once the stream came to a good end. Throws what broke it. */
  async next(): Promise<Uint8Array | null> {
    const { clock, provider } = this.#options;
    const filter = this.#filter;
    // What was found behind the words that passed last.
    this.#throwFailure();
    while (!filter.isDone()) {
      this.#waitingSince = clock.now();
      const part = await this.#reader.read().catch((error: unknown) => Promise.reject(brokenOff(provider, error)));
      this.#waitingSince = null;
      const bytes = part.value === undefined ? filter.end() : filter.push(part.value);
      const words = bytes.byteLength === 0 ? null : this.#firstTokenAt === null ? this.#opening.push(bytes) : bytes;
      if (words !== null) return this.#passed(words);
      this.#throwFailure();
      if (part.done && !filter.isComplete()) throw brokenOff(provider);
      if (part.done) break;
    }
    if (!filter.isComplete()) throw answerless(provider);
    const rest = this.#firstTokenAt === null ? this.#opening.rest() : null;
    return rest === null || rest.byteLength === 0 ? null : this.#passed(rest);
  }

  #throwFailure(): void {
    const failure = this.#filter.failure();
    if (failure === null) return;
    throw problem("provider-failed", { detail: `The provider ${this.#options.provider} failed: ${failure}` });
  }

  #passed(words: Uint8Array): Uint8Array {
    if (this.#firstTokenAt === null) clearTimeout(this.#deadline ?? undefined);
    this.#firstTokenAt ??= this.#options.clock.now();
    return words;
  }

  async begun(first: Promise<unknown>): Promise<void> {
    const { signal } = this.#options;
    try {
      await Promise.race([first, this.#silence.promise]);
    } catch (error) {
      this.#settle("interrupted", asProblem(error));
      throw signal?.aborted ? signal.reason : error;
    }
  }

  body(first: Promise<Uint8Array | null>): ReadableStream<Uint8Array> {
    let ahead: Promise<Uint8Array | null> | null = first;
    return new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
        this.#keepAlive();
      },
      pull: async (controller) => {
        try {
          const bytes = await (ahead ?? this.next());
          ahead = null;
          if (this.#isEnded) return;
          this.#lastSentAt = this.#options.clock.now();
          if (bytes !== null) controller.enqueue(bytes);
          if (bytes === null || this.#filter.isDone()) this.#close(null);
        } catch (error) {
          this.#close(asProblem(error) ?? brokenOff(this.#options.provider, error));
        }
      },
      cancel: () => this.#settle("cancelled", null),
    });
  }

  #tick(): void {
    const { clock, provider, silenceMs } = this.#options;
    if (this.#waitingSince !== null && clock.now() - this.#waitingSince >= silenceMs) {
      this.#giveUp(problem("provider-timeout", { detail: `The provider ${provider} was silent for ${silenceMs} ms.` }));
    } else this.#keepAlive();
  }

  #giveUp(failure: Problem): void {
    this.#silence.reject(failure);
    if (this.#controller !== null) this.#close(failure);
  }

  /** A comment when the next look might come too late for it. */
  #keepAlive(): void {
    const { clock, silenceMs } = this.#options;
    const now = clock.now();
    if (now - this.#lastSentAt <= HEARTBEAT_MS - tickMs(silenceMs)) return;
    if (this.#controller === null) {
      this.#silence.resolve();
      return;
    }
    this.#lastSentAt = now;
    this.#controller.enqueue(KEEP_ALIVE);
  }

  #close(failure: Problem | null): void {
    if (this.#isEnded) return;
    this.#controller?.enqueue(failure === null ? END : errorEvent(failure));
    this.#controller?.close();
    this.#settle(failure === null ? "succeeded" : "interrupted", failure);
  }

  #settle(status: StreamOutcome["status"], failure: Problem | null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#timer);
    clearTimeout(this.#deadline ?? undefined);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if (status === "succeeded") this.#reader.finish();
    else this.#reader.cancel().catch(() => {});
    this.#ended.resolve({ ...measured(this.#filter), status, firstTokenAt: this.#firstTokenAt, problem: failure });
  }
}

function measured(filter: StreamFilter): Pick<StreamOutcome, "usage" | "estimatedCompletionTokens" | "finishReason"> {
  const usage = filter.usage();
  return {
    usage,
    estimatedCompletionTokens: usage === null ? filter.estimatedCompletionTokens() : usage.completion_tokens,
    finishReason: filter.finishReason(),
  };
}

function errorEvent(failure: Problem): Uint8Array {
  return ENCODER.encode(eventText(JSON.stringify({ error: openAiError(failure).error })));
}

function brokenOff(provider: string, cause?: unknown): Problem {
  return problem("provider-failed", {
    detail: `The provider ${provider} broke off its answer.`,
    ...(cause !== undefined && { cause }),
  });
}

function answerless(provider: string): Problem {
  return problem("provider-failed", { detail: `The provider ${provider} sent an answer without choices.` });
}

/** Often enough to notice silence close to its limit, seldom enough to cost nothing. */
function tickMs(silenceMs: number): number {
  return Math.min(SECOND_MS, Math.max(10, silenceMs / 4));
}
