import * as z from "zod";
import { DecideReview, Review } from "../../../domain/workflows/review.ts";
import { decideReview, getReview, ListReviews, listReviews } from "../../../services/workflows/reviews.ts";
import { listOf } from "../listing.ts";
import { reply, routes } from "../operation.ts";

const tag = "Reviews";
const ById = z.object({ id: z.string() });

export const reviews = routes();

reviews.add(
  {
    method: "get",
    path: "/v1/reviews",
    id: "listReviews",
    tag,
    summary: "Decisions that runs wait for or waited for, newest first",
    access: "reviews:read",
    query: ListReviews,
    returns: { 200: listOf(Review) },
  },
  async ({ ctx, query }) => reply(200, await listReviews(ctx, query)),
);

reviews.add(
  {
    method: "get",
    path: "/v1/reviews/{id}",
    id: "getReview",
    tag,
    summary: "One review",
    access: "reviews:read",
    params: ById,
    returns: { 200: Review },
  },
  async ({ ctx, params }) => reply(200, await getReview(ctx, params.id)),
);

reviews.add(
  {
    method: "post",
    path: "/v1/reviews/{id}/decision",
    id: "decideReview",
    tag,
    summary: "Approve or reject; the first decision wins",
    access: "reviews:write",
    params: ById,
    body: DecideReview,
    returns: { 200: Review },
    problems: ["review-decided"],
  },
  async ({ ctx, params, body }) => reply(200, await decideReview(ctx, params.id, body)),
);
