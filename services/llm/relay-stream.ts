import { asProblem, type Problem, problem } from "../../domain/kernel/problem.ts";
import { type Clock, SECOND_MS } from "../../domain/kernel/time.ts";
import { DONE, eventText } from "../../domain/llm/event-stream.ts";
import { openAiError } from "../../domain/llm/openai-error.ts";
import { type StreamFilter, streamFilter } from "../../domain/llm/stream-filter.ts";
import type { TokenUsage } from "../../domain/llm/token-usage.ts";

// Passes a provider's stream on to a client, as fast as the client reads and no faster.
//   R1  Nothing is promised before the provider's first event: a failure until then is thrown, and keeps its status.
//   R2  A stream that breaks ends with an error event and without the end mark, whatever broke it.
//   R3  There is one outcome, whoever ended the stream: the provider, its silence, or the client that left.
//   R4  A client that waits hears a comment every 15 seconds, also before the first event.

export interface RelayOptions {
  provider: string;
  /** Pass on the usage that the provider tells. */
  wantsUsage: boolean;
  /** Longest silence of the provider. */
  silenceMs: number;
  clock: Clock;
  signal?: AbortSignal | undefined;
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
const KEEP_ALIVE = new TextEncoder().encode(": keep-alive\n\n");

/** Resolves with the first event, or when the client must hear that it is being served. */
export async function relayStream(upstream: ReadableStream<Uint8Array>, options: RelayOptions): Promise<Relay> {
  const { clock, provider, signal } = options;
  const reader = upstream.getReader();
  const filter = streamFilter(options.wantsUsage);
  const { promise: outcome, resolve } = Promise.withResolvers<StreamOutcome>();
  let firstTokenAt: number | null = null;
  let isEnded = false;
  let waitingSince: number | null = null;
  let lastSentAt = clock.now();

  /** The next bytes for the client; `null` once the provider's stream is at its end. Throws what broke it. */
  async function next(): Promise<Uint8Array | null> {
    for (;;) {
      if (filter.isDone()) return null;
      waitingSince = clock.now();
      const part = await reader.read().catch((error: unknown) => Promise.reject(brokenOff(provider, error)));
      waitingSince = null;
      const bytes = part.done ? filter.end() : filter.push(part.value);
      const failure = filter.failure();
      if (failure !== null) throw problem("provider-failed", { detail: `The provider ${provider} failed: ${failure}` });
      if (bytes.byteLength > 0) {
        firstTokenAt ??= clock.now();
        return bytes;
      }
      if (part.done && filter.isComplete()) return null;
      if (part.done) throw brokenOff(provider);
    }
  }

  function settle(status: StreamOutcome["status"], failure: Problem | null): void {
    if (isEnded) return;
    isEnded = true;
    clearInterval(timer);
    signal?.removeEventListener("abort", onAbort);
    // Lets go of the provider; after its end this does nothing.
    reader.cancel().catch(() => {});
    resolve({ ...measured(filter), status, firstTokenAt, problem: failure });
  }

  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  function close(failure: Problem | null): void {
    if (isEnded) return;
    const last = failure === null ? DONE : JSON.stringify({ error: openAiError(failure).error });
    controller?.enqueue(new TextEncoder().encode(eventText(last)));
    controller?.close();
    settle(failure === null ? "succeeded" : "interrupted", failure);
  }

  const silence = Promise.withResolvers<never>();
  silence.promise.catch(() => {});
  const timer = setInterval(() => {
    const now = clock.now();
    if (waitingSince !== null && now - waitingSince >= options.silenceMs) {
      const failure = problem("provider-timeout", {
        detail: `The provider ${provider} was silent for ${options.silenceMs} ms.`,
      });
      silence.reject(failure);
      if (controller !== null) close(failure);
    } else if (controller !== null && now - lastSentAt >= HEARTBEAT_MS) {
      lastSentAt = now;
      controller.enqueue(KEEP_ALIVE);
    }
  }, tickMs(options.silenceMs));
  const onAbort = () => settle("cancelled", null);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();

  let ahead: Promise<Uint8Array | null> | null = next();
  const heartbeat = Promise.withResolvers<void>();
  const deadline = setTimeout(heartbeat.resolve, HEARTBEAT_MS);
  try {
    await Promise.race([ahead, heartbeat.promise, silence.promise]);
  } catch (error) {
    settle(signal?.aborted ? "cancelled" : "interrupted", asProblem(error));
    throw signal?.aborted ? signal.reason : error;
  } finally {
    clearTimeout(deadline);
  }

  const body = new ReadableStream<Uint8Array>({
    start(started) {
      controller = started;
    },
    async pull(started) {
      try {
        const bytes = await (ahead ?? next());
        ahead = null;
        if (isEnded) return;
        lastSentAt = clock.now();
        if (bytes === null) close(null);
        else started.enqueue(bytes);
      } catch (error) {
        close(asProblem(error) ?? brokenOff(provider, error));
      }
    },
    cancel() {
      settle("cancelled", null);
    },
  });
  return { body, outcome };
}

function measured(filter: StreamFilter): Pick<StreamOutcome, "usage" | "estimatedCompletionTokens" | "finishReason"> {
  const usage = filter.usage();
  return {
    usage,
    estimatedCompletionTokens: usage === null ? filter.estimatedCompletionTokens() : usage.completion_tokens,
    finishReason: filter.finishReason(),
  };
}

function brokenOff(provider: string, cause?: unknown): Problem {
  return problem("provider-failed", {
    detail: `The provider ${provider} broke off its answer.`,
    ...(cause !== undefined && { cause }),
  });
}

/** Often enough to notice silence close to its limit, seldom enough to cost nothing. */
function tickMs(silenceMs: number): number {
  return Math.min(SECOND_MS, Math.max(10, silenceMs / 4));
}
