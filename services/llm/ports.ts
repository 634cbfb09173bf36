import type { JsonObject } from "../../domain/kernel/json.ts";
import type { CachedAnswer } from "../../domain/llm/answer-cache.ts";
import type { Grant, Reservation, Settlement, WantedBudget } from "../../domain/llm/budget-book.ts";
import type { ChatCompletion, ChatCompletionRequest } from "../../domain/llm/chat-completion.ts";
import type { CacheNews } from "../../domain/llm/kept-keys.ts";
import type { Price } from "../../domain/llm/price.ts";
import type { ProviderKind } from "../../domain/llm/provider.ts";

/** How one provider is reached, its key in the clear: made for a call and never kept. */
export interface ProviderAccess {
  name: string;
  kind: ProviderKind;
  /** `null` for the kind's own address. */
  baseUrl: string | null;
  apiKey: string | null;
  /** Longest wait for an answer, retries included; of a stream, longest wait for its first and for every further bytes. */
  timeoutMs: number;
  prices: Readonly<Record<string, Price>>;
  /** Whether the answer 429 speaks against its health; it does where absent. */
  countsRateLimits?: boolean;
}

export interface ModelCall {
  /** The same for every attempt to get one answer, for providers that know such keys. */
  idempotencyKey?: string;
  /** Nobody waits for the answer any more. */
  signal?: AbortSignal;
  /** Until when an answer is waited for, of a stream its first word; as long as the provider may take where absent. */
  answerBy?: number;
  /** How often to ask at most; 3 where absent. */
  maxAttempts?: number;
}

/**
 * A provider's chat models in OpenAI's terms; `request.model` is the provider's own name. Failures are the problems
 * `provider-failed`, `provider-timeout` and `provider-refused`; an abort is thrown as the signal's reason.
 */
export interface ChatModel {
  complete(request: ChatCompletionRequest, call: ModelCall): Promise<ChatCompletion>;
  /**
   * Server-sent events in OpenAI's form, usage included when the provider tells it. Resolves once the provider has agreed to
   * answer. A stream that breaks ends with an error or without `[DONE]`. Cancelling it stops the provider.
   */
  stream(request: ChatCompletionRequest, call: ModelCall): Promise<ReadableStream<Uint8Array>>;
}

export interface EmbeddingAnswer {
  model: string;
  /** In the order of the texts. */
  vectors: Float32Array[];
  promptTokens: number;
  /** The provider told no count that can be read. */
  isEstimated: boolean;
}

export interface EmbeddingInput {
  model: string;
  /** Texts, or token ids where a client tokenises by itself. */
  input: readonly (string | readonly number[])[];
  dimensions?: number;
  /** What else the caller asks of a provider that speaks OpenAI's format. */
  more?: Readonly<Record<string, unknown>>;
}

export interface EmbeddingModel {
  embed(request: EmbeddingInput, call: ModelCall): Promise<EmbeddingAnswer>;
}

export interface ProviderModels {
  chat: ChatModel;
  embedding: EmbeddingModel;
  /** The models the provider offers, where it can tell. */
  list(call: ModelCall): Promise<string[]>;
}

export interface ChatModels {
  /** Providers that every tenant has without registering them. */
  readonly defaults: readonly ProviderAccess[];
  open(provider: ProviderAccess): ProviderModels;
}

export interface Spending {
  spentUsdMicros: number;
  heldUsdMicros: number;
}

/** The single place of a tenant where its budgets are kept. */
export interface SpendLedger {
  /** Waits a moment where money that is only held may come back. */
  reserve(reservation: Reservation): Promise<Grant>;
  settle(...settlements: Settlement[]): Promise<void>;
  /** In the order of the budgets. */
  spending(budgets: readonly WantedBudget[]): Promise<Spending[]>;
  /** To be called before a budget is set where none was: what was spent meanwhile is read from the bill. */
  forget(budget: string): Promise<void>;
}

export interface SpendLedgers {
  /** Every call throws the problem `unavailable` when the ledger does not answer. */
  of(tenantId: string): SpendLedger;
}

/** Judges values by a JSON Schema (draft 2020-12 or 7). */
export interface SchemaJudge {
  /** Why no value can be judged by the schema; `null` where values can. */
  unusable(schema: JsonObject): string | null;
  /** What is wrong with the value, at most a few sentences; none when it is valid. */
  faults(schema: JsonObject, value: unknown): string[];
}

export interface CacheQuestion {
  /** Digest of the whole request: finds what is equal. */
  key: string;
  /** Finds what is similar, where nothing is equal. */
  similar: (Similar & { threshold: number }) | null;
}

export interface Similar {
  /** Digest of all of the request but its question: only answers of the same scope are compared. */
  scope: string;
  vector: Float32Array;
  /** The question's figures, negations and the like, which must be the same whatever the vectors say. */
  marks: string;
  /** Those that tell what is asked, of which the threshold says how many may differ. */
  words: string[];
}

export interface KeptAnswer {
  key: string;
  similar: Similar | null;
  route: string;
  /** `provider/model`. */
  model: string;
  ttlSeconds: number;
  /** A `CachedAnswer` as JSON. */
  text: string;
  /** What was forgotten since then stays forgotten. */
  answeredAt: number;
}

export interface CacheFind {
  answer: CachedAnswer;
  /** 1 for an equal request. */
  similarity: number;
  isExact: boolean;
}

/** The answers that one tenant's routes have kept. No other tenant can reach them. */
export interface AnswerCache {
  /** Keeps what is brought along, then looks. The news are of keys kept since then; none are told where `since` is `null`. */
  find(
    question: CacheQuestion,
    brought: readonly KeptAnswer[],
    since: number | null,
  ): Promise<{ found: CacheFind | null; news: CacheNews | null }>;
  keep(answers: readonly KeptAnswer[], since: number | null): Promise<CacheNews | null>;
  /** Forgets answers of a route, of a model (`provider/model`), of both, or all; tells how many. */
  forget(of: { route?: string | undefined; model?: string | undefined }): Promise<number>;
}

export interface AnswerCaches {
  of(tenantId: string): AnswerCache;
}
