import {
  type CachedAnswer,
  type CacheOutcome,
  cacheKey,
  DEFAULT_THRESHOLD,
  isKeepable,
  similarityQuestion,
} from "../../domain/llm/answer-cache.ts";
import type { ServiceContext } from "../context.ts";
import { findAnswer, keepAnswer } from "./answer-keeping.ts";
import type { ChatCall } from "./chat-call.ts";
import type { Similar } from "./ports.ts";

/** What the cache had for a call, and what it takes from it. */
export interface CacheLook {
  outcome: CacheOutcome;
  found: CachedAnswer | null;
  /** The same for equal calls that may share one answer while it is made; `null` where none may be shared. */
  flightKey: string | null;
  /** Keeps the answer for later calls, if it is one to keep. */
  keep(answer: CachedAnswer): void;
}

const EMBEDDING_PROVIDER = "local";
const EMBEDDING_MODEL = "hash-embed";

const BYPASS: CacheLook = { outcome: "bypass", found: null, flightKey: null, keep() {} };

/** Only routes have a cache: who names a model directly is answered by it every time. */
export async function lookInCache(ctx: ServiceContext, call: ChatCall): Promise<CacheLook> {
  const { route, request, options } = call;
  const { cache, name } = route;
  if (cache === null || cache.mode === "off" || name === null || options.cacheControl === "no-store") return BYPASS;
  const key = cacheKey(route.cacheScope, request);
  const similar = cache.mode === "semantic" ? await similarOf(ctx, call) : null;
  const keep = (answer: CachedAnswer) => {
    if (!isKeepable(answer.completion, cache)) return;
    ctx.later(keepAnswer(ctx, answer, { key, similar, route: name, ttlSeconds: cache.ttlSeconds }));
  };
  if (options.cacheControl === "no-cache") return { outcome: "miss", found: null, flightKey: null, keep };
  const threshold = cache.threshold ?? DEFAULT_THRESHOLD;
  const found = await findAnswer(ctx, { key, similar: similar && { ...similar, threshold } });
  if (found === null) return { outcome: "miss", found, flightKey: key, keep };
  return { outcome: found.isExact ? "hit" : "semantic", found: found.answer, flightKey: null, keep };
}

async function similarOf(ctx: ServiceContext, { route, request }: ChatCall): Promise<Similar | null> {
  const question = similarityQuestion(route.cacheScope, request);
  const provider = ctx.ports.chatModels.defaults.find(({ name }) => name === EMBEDDING_PROVIDER);
  if (question === null || provider === undefined) return null;
  const { embedding } = ctx.ports.chatModels.open(provider);
  const { vectors } = await embedding.embed({ model: EMBEDDING_MODEL, input: [question.text] }, {});
  const [vector] = vectors;
  return vector === undefined ? null : { scope: question.scope, vector, marks: question.marks, words: question.words };
}
