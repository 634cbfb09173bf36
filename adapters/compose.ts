import { waitUntil } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { breakerPolicy, ENDPOINT_POLICY, PLATFORM_POLICY } from "../domain/kernel/circuit-breaker.ts";
import { sha256Hex } from "../domain/kernel/digest.ts";
import { idsFrom } from "../domain/kernel/id.ts";
import { DAY_MS } from "../domain/kernel/time.ts";
import { continueTrace } from "../domain/kernel/trace.ts";
import { MAX_DOCUMENT_CHARACTERS } from "../domain/knowledge/document.ts";
import type { Database, Log, PlatformContext, Ports, Settings } from "../services/context.ts";
import { addressShield } from "./address-shield/address-shield.ts";
import { ed25519AuditWitness } from "./audit-witness/ed25519.ts";
import { chatModels } from "./chat-model/chat-models.ts";
import { platformProviders } from "./chat-model/platform-providers.ts";
import type { Config } from "./config.ts";
import { configOf } from "./config.ts";
import { cronerCalendar } from "./cron/croner.ts";
import { D1_TIMEOUT_MS, guardedD1, isD1Outage } from "./database/guarded-d1.ts";
import { durableActivityQueues } from "./durable/activity-queues.ts";
import { durableAnswerCaches } from "./durable/answer-caches.ts";
import { durableAuditLogs } from "./durable/audit-logs.ts";
import { durableKnowledgeIndexes } from "./durable/knowledge-indexes.ts";
import { durableRunActors } from "./durable/run-actors.ts";
import { durableRunSlots } from "./durable/run-slots.ts";
import { durableScheduleActors } from "./durable/schedule-actors.ts";
import { durableSpendLedgers } from "./durable/spend-ledgers.ts";
import { durableTenantBreakers } from "./durable/tenant-breakers.ts";
import { durableTenantGates } from "./durable/tenant-gate.ts";
import { sentryErrorTracker } from "./error-tracker/sentry.ts";
import { structuredLogErrorTracker } from "./error-tracker/structured-log.ts";
import { r2FileStore } from "./files/r2.ts";
import { isolateBreaker } from "./isolate-breaker.ts";
import { cfworkerSchemaJudge } from "./json-schema/cfworker.ts";
import { consoleLog } from "./log.ts";
import { mailbox } from "./mail/mailbox.ts";
import { openIdIssuers } from "./openid-issuer/relying-party.ts";
import { networkResolver, type SafeFetchOptions, safeFetch } from "./outbound/safe-fetch.ts";
import { CHEAP, scryptPasswordHasher } from "./password-hasher/scrypt.ts";
import { d1PersonKeys } from "./person-keys/d1.ts";
import { cloudflareQueue } from "./queue/cloudflare.ts";
import { pooledRandom } from "./random.ts";
import { type RerankerBinding, workersAiCrossEncoder } from "./reranker/workers-ai.ts";
import { aesGcmSecretBox } from "./secret-box/aes-gcm.ts";
import { hmacSecretDeriver } from "./secret-deriver/hmac.ts";
import { fileReader } from "./text-extractor/file-reader.ts";
import { ed25519TokenSigner } from "./token-signer/ed25519.ts";
import { guardedStore, isStoreOutage, STORE_TIMEOUT_MS } from "./vector-index/guarded-store.ts";
import type { VectorStore } from "./vector-index/vector-store.ts";
import { type VectorizeBinding, vectorize } from "./vector-index/vectorize.ts";

/** Which implementation stands behind a port, as the start-up log and /ready tell it. */
export interface Implementation {
  name: string;
  implementation: string;
  /** Without it the platform cannot do its main job. */
  required: boolean;
}

export interface Origin {
  requestId?: string;
  traceparent?: string | undefined;
  client?: PlatformContext["client"];
  waitUntil(work: Promise<unknown>): void;
}

interface Composition {
  config: Config;
  log: Log;
  db: Database;
  ports: Ports;
  settings: Settings;
  implementations: Implementation[];
}

const clock = { now: () => Date.now() };
const random = pooledRandom();
const ids = idsFrom(clock, random.fill);
const AUDIENCE = "weft";
/** Long enough for somebody who was away, short against the month in which a person's wish must be met (GDPR article 12). */
const DEFAULT_ERASURE_DAYS = 14;
const LOCAL_URL = "http://127.0.0.1:8787";

const compositions = new WeakMap<Env, Composition>();

/** The context of one request, message or tick. Implementations are chosen once an isolate and environment. */
export function composePlatform(env: Env, origin: Origin): PlatformContext {
  const { db, log, ports, settings } = compositionOf(env);
  const requestId = origin.requestId ?? ids.next("req");
  return {
    requestId,
    trace: continueTrace(origin.traceparent, random.bytes),
    client: origin.client ?? { ip: null, userAgent: null },
    db,
    ports,
    settings,
    clock,
    ids,
    random,
    log,
    later(work) {
      if (work === null) return;
      origin.waitUntil(
        work.catch((error: unknown) => {
          log.error("background.failed", error, { requestId });
          ports.errorTracker.capture(error, { requestId });
        }),
      );
    },
  };
}

/** Logs why nothing could be composed, which is a configuration that is not valid, and answers the id it logged. */
export function reportUncomposed(error: unknown): string {
  const requestId = ids.next("req");
  consoleLog().error("configuration.invalid", error, { requestId });
  return requestId;
}

/** What stands behind each port, for /ready and the start-up log. */
export function implementationsOf(env: Env): readonly Implementation[] {
  return compositionOf(env).implementations;
}

function compositionOf(env: Env): Composition {
  let composition = compositions.get(env);
  if (composition === undefined) {
    composition = compose(env);
    compositions.set(env, composition);
  }
  return composition;
}

function compose(env: Env): Composition {
  const config = configOf(env);
  const log = consoleLog({ isText: config.WEFT_ENVIRONMENT === "local" });
  const guard = isolateBreaker({
    name: "database",
    timeoutMs: D1_TIMEOUT_MS,
    policy: PLATFORM_POLICY,
    clock,
    log,
    isOutage: isD1Outage,
  });
  const db = drizzle(guardedD1(env.DB, guard), { casing: "snake_case" });
  const publicUrl = (config.PUBLIC_URL ?? LOCAL_URL).replace(/\/$/, "");
  const environment = config.WEFT_ENVIRONMENT;
  const outbound = safeFetch({
    allowLoopback: config.WEFT_ALLOW_LOOPBACK,
    ownHosts: [new URL(publicUrl).hostname],
    ...wayOut(env),
    ...(environment !== "local" && { resolve: networkResolver(clock.now) }),
  });
  const errorTracker =
    config.SENTRY_DSN === null
      ? structuredLogErrorTracker(log)
      : sentryErrorTracker({ dsn: config.SENTRY_DSN, environment, release: env.VERSION.id, waitUntil });
  const secretBox = aesGcmSecretBox(config.ENCRYPTION_KEY);
  const store = vectorStore(env, config, log);
  const ports: Ports = {
    queue: cloudflareQueue(env.JOBS),
    passwordHasher: scryptPasswordHasher({
      peppers: config.PASSWORD_PEPPER,
      ...(config.WEFT_CHEAP_PASSWORDS && CHEAP),
    }),
    tokenSigner: ed25519TokenSigner({ keys: config.TOKEN_SIGNING_KEY, issuer: publicUrl, audience: AUDIENCE, clock }),
    mailer: mailbox(db, { clock }),
    secretBox,
    personKeys: d1PersonKeys(db, { secretBox, clock, randomBytes: random.bytes }),
    openIdIssuers: openIdIssuers({ outbound, clock }),
    auditLogs: durableAuditLogs(env.AUDIT_LOG),
    auditWitness: ed25519AuditWitness({ signingKeys: config.TOKEN_SIGNING_KEY, proofKeys: config.ENCRYPTION_KEY }),
    secretDeriver: hmacSecretDeriver(config.ENCRYPTION_KEY),
    outbound,
    errorTracker,
    chatModels: chatModels({ outbound, clock, random, defaults: platformProviders(config), ai: env.AI ?? null }),
    modelBreakers: durableTenantBreakers(env.PROVIDER_HEALTH, breakerPolicy(config.BREAKER_OPEN_SECONDS)),
    endpointBreakers: durableTenantBreakers(env.PROVIDER_HEALTH, ENDPOINT_POLICY, ":endpoints"),
    answerCaches: durableAnswerCaches(env.ANSWER_CACHE),
    knowledgeIndexes: durableKnowledgeIndexes(env.KNOWLEDGE_INDEX, { store }),
    files: r2FileStore(env.FILES),
    crossEncoder: env.AI === undefined ? null : workersAiCrossEncoder(env.AI as unknown as RerankerBinding),
    textExtractor: fileReader({ maxLength: MAX_DOCUMENT_CHARACTERS }),
    runActors: durableRunActors(env.WORKFLOW_RUN),
    runSlots: durableRunSlots(env.RUN_SLOTS),
    activityQueues: durableActivityQueues(env.ACTIVITY_TASKS),
    scheduleActors: durableScheduleActors(env.SCHEDULER),
    calendar: cronerCalendar(),
    spendLedgers: durableSpendLedgers(env.SPEND),
    schemaJudge: cfworkerSchemaJudge(),
    tenantGates: durableTenantGates(env.TENANT_GATE),
    addressShield: addressShield({ perMinute: config.RATE_LIMIT_PER_IP, limiter: env.PER_IP }),
  };
  const settings: Settings = {
    environment,
    publicUrl,
    operatorTokenDigest: sha256Hex(config.OPERATOR_TOKEN),
    hasTestFixtures: config.WEFT_TEST_FIXTURES,
    erasureAfterMs: (config.ERASURE_AFTER_DAYS ?? DEFAULT_ERASURE_DAYS) * DAY_MS,
  };
  return { config, log, db, ports, settings, implementations: implementations(config, ports, store) };
}

/** The local server binds the network itself (scripts/local/internet.ts); no environment of wrangler.toml does, so that `Env` lacks it. */
function wayOut(env: Env): Pick<SafeFetchOptions, "fetch"> {
  const { INTERNET: internet } = env as { INTERNET?: Fetcher };
  return internet === undefined ? {} : { fetch: (url, init) => internet.fetch(url, init) };
}

function vectorStore({ VECTORIZE }: Env, { VECTORIZE_DIMENSIONS: dimensions }: Config, log: Log): VectorStore | null {
  if (VECTORIZE === undefined || dimensions === null) return null;
  const guard = isolateBreaker({
    name: "vector store",
    timeoutMs: STORE_TIMEOUT_MS,
    policy: PLATFORM_POLICY,
    clock,
    log,
    isOutage: isStoreOutage,
  });
  return guardedStore(vectorize(VECTORIZE as unknown as VectorizeBinding, { dimensions }), guard);
}

function implementations(config: Config, { crossEncoder }: Ports, store: VectorStore | null): Implementation[] {
  const vectors = store === null ? "embedded" : `${store.name} (${store.dimensions} dimensions), else embedded`;
  return [
    { name: "database", implementation: "d1", required: true },
    { name: "objects", implementation: "durable-objects", required: true },
    { name: "queue", implementation: "cloudflare-queues", required: true },
    { name: "files", implementation: "r2", required: true },
    { name: "vector-index", implementation: vectors, required: false },
    { name: "embedding", implementation: "local/hash-embed", required: false },
    { name: "reranker", implementation: crossEncoder?.name ?? "lexical-features", required: false },
    {
      name: "chat-model",
      implementation: config.OPENAI_API_KEY === null ? "local/extractive" : "openai",
      required: false,
    },
    { name: "mail", implementation: "mailbox", required: false },
    {
      name: "error-tracker",
      implementation: config.SENTRY_DSN === null ? "structured-log" : "sentry",
      required: false,
    },
  ];
}
