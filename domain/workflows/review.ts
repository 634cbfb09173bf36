import * as z from "zod";
import { Role } from "../kernel/permission.ts";

export const ReviewStatus = z.enum(["pending", "approved", "rejected", "cancelled"]).meta({ id: "ReviewStatus" });
export type ReviewStatus = z.infer<typeof ReviewStatus>;

const time = z.iso.datetime();

export const Review = z
  .object({
    id: z.string(),
    runId: z.string(),
    workflow: z.string(),
    state: z.string(),
    title: z.string(),
    payload: z.json(),
    assigneeRole: Role.nullable(),
    status: ReviewStatus,
    requestedAt: time,
    dueAt: time.nullable(),
    output: z.json(),
    comment: z.string().nullable(),
    decidedBy: z.string().nullable(),
    decidedAt: time.nullable(),
  })
  .meta({ id: "Review", description: "A decision that a run waits for" });
export type Review = z.infer<typeof Review>;

export const DecideReview = z
  .strictObject({
    decision: z.enum(["approve", "reject"]),
    output: z.json().optional(),
    comment: z.string().max(4_000).optional(),
  })
  .meta({ id: "DecideReview", example: { decision: "approve", comment: "The quotes support it." } });
export type DecideReview = z.infer<typeof DecideReview>;

/**
 * What `weft:review:request` is given: without arguments a state's whole input, which may hold more. Without a title the state's
 * name stands for one.
 */
export const ReviewRequest = z.object({
  title: z.string().min(1).max(1_000).optional(),
  assigneeRole: Role.optional(),
  dueSeconds: z.number().positive().max(99_999_999).optional(),
});
export type ReviewRequest = z.infer<typeof ReviewRequest>;

/** `rev_`, the characters of the run's id, and a number: a review leads to its run without a look-up. */
export function reviewId(runId: string, task: number): string {
  return `rev_${runId.slice("run_".length)}-${task}`;
}

/** The run a review belongs to; `null` when the text is no id of a review. */
export function runIdOfReview(id: string): string | null {
  const match = /^rev_([0-9a-z]{26})-\d{1,9}$/.exec(id);
  return match === null ? null : `run_${match[1]}`;
}
