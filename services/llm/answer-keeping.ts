import { batchesWithin } from "../../domain/kernel/batches.ts";
import type { CachedAnswer } from "../../domain/llm/answer-cache.ts";
import {
  type CacheNews,
  hear,
  isCertainMiss,
  type KeptKeys,
  newsWanted,
  noteGone,
  noteKept,
  nothingKnown,
} from "../../domain/llm/kept-keys.ts";
import type { Database, PlatformContext, ServiceContext } from "../context.ts";
import { GATHER_MS, gathering } from "../gather.ts";
import type { CacheFind, CacheQuestion, KeptAnswer } from "./ports.ts";

// The way of this isolate to its tenants' caches.
//   W1  an exact look that cannot hit asks nobody (domain/llm/kept-keys.ts).
//   W2  answers are kept together. Who looks takes along what waits, so that what was kept here before is found.
//   W3  a cache that does not answer is a cache that has nothing, and what it was to keep is asked for anew.

/** A row of the cache's storage holds two megabytes. */
const MAX_ANSWER_CHARACTERS = 1_000_000;
/** A call to an object carries 32 MiB. */
const AT_ONCE = { items: Number.POSITIVE_INFINITY, size: 8_000_000 };
/** Some sixty bytes each. */
const MAX_KNOWN_KEYS = 200_000;

const byDatabase = new WeakMap<Database, Map<string, KeptKeys>>();

const keepTogether = gathering<{ tenantId: string; kept: KeptAnswer }>(
  GATHER_MS,
  ({ tenantId }) => tenantId,
  async (platform, items) => {
    const [first] = items;
    if (first === undefined) return;
    for (const answers of portions(items)) await write(platform, first.tenantId, answers);
  },
);

/** What the cache has for the question. */
export async function findAnswer(ctx: ServiceContext, question: CacheQuestion): Promise<CacheFind | null> {
  const known = keysOf(ctx, ctx.tenant.id);
  const askedAt = ctx.clock.now();
  if (isCertainMiss(known, question.key, askedAt) && question.similar === null) return null;
  try {
    const [waiting = [], ...others] = portions(keepTogether.taken(ctx, ctx.tenant.id));
    for (const answers of others) await write(ctx, ctx.tenant.id, answers);
    const { found, news } = await ctx.ports.answerCaches.of(ctx.tenant.id).find(question, waiting, newsWanted(known));
    listen(ctx, known, news, askedAt);
    if (found?.isExact !== true) noteGone(known, question.key);
    return found;
  } catch (error) {
    ctx.log.warn("cache.unasked", { cause: String(error) });
    return null;
  }
}

export function keepAnswer(
  ctx: ServiceContext,
  answer: CachedAnswer,
  kept: Pick<KeptAnswer, "key" | "similar" | "route" | "ttlSeconds">,
): Promise<void> | null {
  const text = JSON.stringify(answer);
  if (text.length > MAX_ANSWER_CHARACTERS) return null;
  noteKept(keysOf(ctx, ctx.tenant.id), kept.key);
  const model = `${answer.provider}/${answer.model}`;
  return keepTogether(ctx, { tenantId: ctx.tenant.id, kept: { ...kept, model, text, answeredAt: ctx.clock.now() } });
}

/** What waits to be kept is not kept. */
export function dropWaiting(ctx: ServiceContext): void {
  keepTogether.taken(ctx, ctx.tenant.id);
}

async function write(platform: PlatformContext, tenantId: string, answers: readonly KeptAnswer[]): Promise<void> {
  const known = keysOf(platform, tenantId);
  const askedAt = platform.clock.now();
  listen(platform, known, await platform.ports.answerCaches.of(tenantId).keep(answers, newsWanted(known)), askedAt);
}

function listen({ db }: PlatformContext, known: KeptKeys, news: CacheNews | null, askedAt: number): void {
  if (news === null) return;
  hear(known, news, askedAt);
  const byTenant = byDatabase.get(db) ?? new Map<string, KeptKeys>();
  let keys = 0;
  for (const one of byTenant.values()) keys += one.keys.size;
  const [oldest] = byTenant.keys();
  if (keys > MAX_KNOWN_KEYS && oldest !== undefined) byTenant.delete(oldest);
}

/** The tenant that looked last stands last. */
function keysOf({ db }: PlatformContext, tenantId: string): KeptKeys {
  const byTenant = byDatabase.get(db) ?? new Map<string, KeptKeys>();
  byDatabase.set(db, byTenant);
  const known = byTenant.get(tenantId) ?? nothingKnown();
  byTenant.delete(tenantId);
  byTenant.set(tenantId, known);
  return known;
}

function portions(items: readonly { kept: KeptAnswer }[]): KeptAnswer[][] {
  const answers = items.map(({ kept }) => kept);
  return batchesWithin(answers, AT_ONCE, ({ text }) => text.length);
}
