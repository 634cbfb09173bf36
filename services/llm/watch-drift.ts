import { and, desc, eq, gte, isNotNull, isNull, lt, lte, type SQL } from "drizzle-orm";
import { asProblem } from "../../domain/kernel/problem.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../domain/kernel/time.ts";
import type { ChatCompletion } from "../../domain/llm/chat-completion.ts";
import { type DriftReport, type DriftWindow, driftReport } from "../../domain/llm/drift.ts";
import { commit } from "../commit.ts";
import type { ServiceContext } from "../context.ts";
import type { Answered } from "./asked-model.ts";
import { dropSamples, keepSample } from "./drift-samples.ts";
import { answerSamples, driftReports, feedback, modelCalls } from "./table.ts";

// Watches whether models answer otherwise than they used to. The work follows the traffic: a sampled answer leaves its place in the
// space of an embedding, and looks whether its subject is due.
//   D1  a subject is looked at once in LOOK_EVERY_MS at most, whoever calls it; most answers need no statement for that.
//   D2  a drift is told when it is first seen, and again only after a look that saw none.
//   D3  a route is compared with itself: calls of an earlier version of it take no part.

const SAMPLED_SHARE = 0.1;
const LOOK_EVERY_MS = HOUR_MS;
const RECENT_MS = DAY_MS;
const REFERENCE_MS = 7 * DAY_MS;
/** Of each window: enough for every test, little to read. */
const MAX_CALLS = 1_000;
const MAX_SAMPLES = 200;
/** How often an isolate asks at most whether a subject is due. */
const ASK_EVERY_MS = 5 * MINUTE_MS;
const MAX_ASKED = 10_000;

/** When this isolate last asked, by tenant and subject. */
const asked = new Map<string, number>();

/** To be left to `ctx.later`, for every answer. `null`: its text is not at hand, and only the look follows. */
export function watchDrift(
  ctx: ServiceContext,
  answered: Answered,
  completion: ChatCompletion | null,
): Promise<void> | null {
  return ctx.random.next() < SAMPLED_SHARE ? watchSampled(ctx, answered, completion) : null;
}

async function watchSampled(ctx: ServiceContext, answered: Answered, completion: ChatCompletion | null): Promise<void> {
  if (completion !== null) await keepSample(ctx, sampleSubjectOf(answered), completion);
  if (isToBeAsked(ctx, subjectOf(answered))) await lookForDrift(ctx, answered);
}

function isToBeAsked({ tenant, clock }: ServiceContext, subject: string): boolean {
  const name = `${tenant.id}/${subject}`;
  if (clock.now() < (asked.get(name) ?? 0) + ASK_EVERY_MS) return false;
  if (asked.size >= MAX_ASKED) asked.clear();
  asked.set(name, clock.now());
  return true;
}

/** A look at a subject that is due; `null` when it is not. */
export async function lookForDrift(ctx: ServiceContext, answered: Answered): Promise<DriftReport | null> {
  const subject = subjectOf(answered);
  const now = ctx.clock.now();
  const before = await reportOf(ctx, subject);
  if (before !== null && before.at > now - LOOK_EVERY_MS) return null;
  const recentFrom = now - RECENT_MS;
  const [reference, recent] = await Promise.all([
    windowOf(ctx, answered, recentFrom - REFERENCE_MS, recentFrom),
    windowOf(ctx, answered, recentFrom, now + 1),
  ]);
  const report = { ...driftReport(subject, reference, recent), routeVersion: answered.routeVersion ?? null };
  const row = { tenantId: ctx.tenant.id, subject, at: now, report };
  const isNews = report.hasDrifted && before?.report.hasDrifted !== true;
  const written = commit(ctx, {
    change: ctx.db
      .insert(driftReports)
      .values(row)
      .onConflictDoUpdate({
        target: [driftReports.tenantId, driftReports.subject],
        set: { at: now, report },
        // Of two looks at the same moment one has the word, and tells.
        setWhere: lte(driftReports.at, now - LOOK_EVERY_MS),
      }),
    audit: isNews
      ? { action: "model.drift-detected", target: { type: "model", id: subject }, details: { ...report } }
      : [],
    tasks: isNews
      ? [
          {
            type: "event.publish",
            payload: { eventId: ctx.ids.next("evt"), type: "model.drift_detected", data: report },
          },
        ]
      : [],
  });
  try {
    await written;
    // Older than both windows: no look will ask for it.
    await dropSamples(ctx, recentFrom - REFERENCE_MS);
    return report;
  } catch (error) {
    if (asProblem(error)?.code === "conflict") return null;
    throw error;
  }
}

function subjectOf({ route, target }: Answered): string {
  return route ?? `${target.provider.name}/${target.model}`;
}

/** D3, for samples: they know their version by their name alone. */
function sampleSubjectOf(answered: Answered): string {
  const { route, routeVersion } = answered;
  return route === null ? subjectOf(answered) : `${route}@${routeVersion ?? 0}`;
}

async function reportOf(ctx: ServiceContext, subject: string) {
  const [row] = await ctx.db
    .select()
    .from(driftReports)
    .where(and(eq(driftReports.tenantId, ctx.tenant.id), eq(driftReports.subject, subject)))
    .limit(1);
  return row ?? null;
}

async function windowOf(ctx: ServiceContext, answered: Answered, from: number, to: number): Promise<DriftWindow> {
  const calls = and(
    eq(modelCalls.tenantId, ctx.tenant.id),
    gte(modelCalls.startedAt, from),
    lt(modelCalls.startedAt, to),
    eq(modelCalls.kind, "chat"),
    eq(modelCalls.status, "succeeded"),
    isNull(modelCalls.cache),
    // A guardrail's judge says yes or no, and gives no reason for its end.
    isNotNull(modelCalls.finishReason),
    ofSubject(answered),
  );
  const { db, tenant } = ctx;
  const [rows, ratings, samples] = await db.batch([
    db
      .select({ length: modelCalls.completionTokens, isRefusal: modelCalls.isRefusal })
      .from(modelCalls)
      .where(calls)
      .orderBy(desc(modelCalls.startedAt))
      .limit(MAX_CALLS),
    db
      .select({ rating: feedback.rating })
      .from(feedback)
      .innerJoin(modelCalls, and(eq(modelCalls.tenantId, feedback.tenantId), eq(modelCalls.requestId, feedback.target)))
      .where(and(eq(feedback.tenantId, tenant.id), calls))
      .limit(MAX_CALLS),
    db
      .select({ vector: answerSamples.vector })
      .from(answerSamples)
      .where(
        and(
          eq(answerSamples.tenantId, tenant.id),
          eq(answerSamples.subject, sampleSubjectOf(answered)),
          gte(answerSamples.at, from),
          lt(answerSamples.at, to),
        ),
      )
      .orderBy(desc(answerSamples.at))
      .limit(MAX_SAMPLES),
  ]);
  return {
    lengths: rows.map(({ length }) => length),
    refusals: { count: rows.filter(({ isRefusal }) => isRefusal).length, of: rows.length },
    ratings: ratings.map(({ rating }) => rating),
    vectors: samples.map(({ vector }) => vector),
  };
}

function ofSubject({ route, routeVersion, target }: Answered): SQL | undefined {
  if (route !== null) {
    return and(eq(modelCalls.route, route), routeVersion ? eq(modelCalls.routeVersion, routeVersion) : undefined);
  }
  return and(
    isNull(modelCalls.route),
    eq(modelCalls.provider, target.provider.name),
    eq(modelCalls.model, target.model),
  );
}
