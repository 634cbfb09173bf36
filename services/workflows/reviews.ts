import { and, desc, eq, lt, or } from "drizzle-orm";
import * as z from "zod";
import { actorReference } from "../../domain/kernel/actor.ts";
import type { Page } from "../../domain/kernel/page.ts";
import { decodeCursor, PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { Role } from "../../domain/kernel/permission.ts";
import { notFound } from "../../domain/kernel/problem.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import type { DecideReview, Review } from "../../domain/workflows/review.ts";
import { ReviewStatus, runIdOfReview } from "../../domain/workflows/review.ts";
import type { ServiceContext } from "../context.ts";
import { requirePermission } from "../context.ts";
import type { FoundReview, ReviewRow } from "./ports.ts";
import { actOf } from "./run-act.ts";
import { runActor } from "./runs.ts";
import { reviews } from "./table.ts";

export const ListReviews = z.strictObject({ ...PageRequest.shape, status: ReviewStatus.optional() });
export type ListReviews = z.infer<typeof ListReviews>;

/** Reviews, newest first, from the read model. */
export async function listReviews(ctx: ServiceContext, query: ListReviews): Promise<Page<Review>> {
  requirePermission(ctx, "reviews:read");
  const [requestedAt, id] = query.cursor === undefined ? [] : decodeCursor(query.cursor, 2);
  const before = Number(requestedAt);
  const rows = await ctx.db
    .select()
    .from(reviews)
    .where(
      and(
        eq(reviews.tenantId, ctx.tenant.id),
        query.status === undefined ? undefined : eq(reviews.status, query.status),
        id === undefined
          ? undefined
          : or(lt(reviews.requestedAt, before), and(eq(reviews.requestedAt, before), lt(reviews.id, id))),
      ),
    )
    .orderBy(desc(reviews.requestedAt), desc(reviews.id))
    .limit(query.limit + 1);
  return pageOf(
    rows,
    query.limit,
    (row) => [String(row.requestedAt), row.id],
    (row) => toReview(row),
  );
}

/** The review as its run has it now. */
export async function getReview(ctx: ServiceContext, id: string): Promise<Review> {
  requirePermission(ctx, "reviews:read");
  return loadReview(ctx, id);
}

/** Decides once: the first decision wins, a later one is refused with `review-decided`. */
export async function decideReview(ctx: ServiceContext, id: string, decision: DecideReview): Promise<Review> {
  requirePermission(ctx, "reviews:write");
  const runId = runIdOfReview(id);
  if (runId === null) throw notFound("review");
  const found = await runActor(ctx, runId).decideReview(
    {
      reviewId: id,
      decision: decision.decision,
      ...(decision.output !== undefined && { output: decision.output }),
      ...(decision.comment !== undefined && { comment: decision.comment }),
      decidedBy: actorReference(ctx.actor).id,
      role: "role" in ctx.actor ? ctx.actor.role : null,
    },
    actOf(ctx, "review.decided"),
  );
  return shown(found, runId);
}

/** From the run's object: the read model may not know yet a review that the caller has just seen in the run. */
async function loadReview(ctx: ServiceContext, id: string): Promise<Review> {
  const runId = runIdOfReview(id);
  if (runId === null) throw notFound("review");
  return shown(await runActor(ctx, runId).review(id), runId);
}

function shown(found: FoundReview | null, runId: string): Review {
  if (found === null) throw notFound("review");
  return toReview({ ...found.review, runId, workflow: found.workflow });
}

export function toReview(row: ReviewRow & { runId: string; workflow: string }): Review {
  const { requestedAt, dueAt, decidedAt, assigneeRole, ...rest } = row;
  const role = Role.safeParse(assigneeRole);
  return {
    id: rest.id,
    runId: rest.runId,
    workflow: rest.workflow,
    state: rest.state,
    title: rest.title,
    payload: rest.payload,
    assigneeRole: role.success ? role.data : null,
    status: rest.status,
    requestedAt: isoTime(requestedAt),
    dueAt: dueAt === null ? null : isoTime(dueAt),
    output: rest.output,
    comment: rest.comment,
    decidedBy: rest.decidedBy,
    decidedAt: decidedAt === null ? null : isoTime(decidedAt),
  };
}
