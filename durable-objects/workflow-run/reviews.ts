import { isJsonObject } from "../../domain/kernel/json.ts";
import { isAtLeast, Role } from "../../domain/kernel/permission.ts";
import { problem } from "../../domain/kernel/problem.ts";
import type { RunEvent } from "../../domain/workflows/run/event.ts";
import type { RunState } from "../../domain/workflows/run/state.ts";
import type { ReviewRow } from "../../services/workflows/ports.ts";

/**
 * The reviews that a decision changed: newly asked for, decided, or given up because their state timed out, was aborted or was
 * left by a rewind. `pending` are those that were open before; it is brought up to date.
 */
export function changedReviews(
  pending: Map<string, ReviewRow>,
  events: readonly RunEvent[],
  state: RunState,
): ReviewRow[] {
  const changed: ReviewRow[] = [];
  for (const event of events) {
    if (event.type === "ReviewRequested") {
      const review = requested(event, state);
      pending.set(review.id, review);
      changed.push(review);
    } else if (event.type === "ReviewDecided") {
      const review = pending.get(event.reviewId);
      if (review === undefined) continue;
      pending.delete(review.id);
      changed.push({
        ...review,
        status: event.decision === "approve" ? "approved" : "rejected",
        output: event.output ?? null,
        comment: event.comment ?? null,
        decidedBy: event.decidedBy,
        decidedAt: event.at,
      });
    }
  }
  if (pending.size === 0) return changed;
  const open = new Set(Object.values(state.tasks).map((task) => task.reviewId));
  for (const review of pending.values()) {
    if (open.has(review.id)) continue;
    pending.delete(review.id);
    changed.push({ ...review, status: "cancelled" });
  }
  return changed;
}

function requested(event: RunEvent & { type: "ReviewRequested" }, state: RunState): ReviewRow {
  const input = state.tasks[event.task]?.input ?? null;
  return {
    id: event.reviewId,
    state: event.state,
    title: event.title ?? event.state,
    payload: isJsonObject(input) ? (input.payload ?? null) : null,
    assigneeRole: event.assigneeRole ?? null,
    dueAt: event.dueAt ?? null,
    status: "pending",
    requestedAt: event.at,
    output: null,
    comment: null,
    decidedBy: null,
    decidedAt: null,
  };
}

/** A review for a role is decided by that role or a higher one; `null` stands for the platform itself. */
export function requireAssignee(review: ReviewRow, role: Role | null): void {
  const assignee = Role.safeParse(review.assigneeRole);
  if (role === null || !assignee.success || isAtLeast(role, assignee.data)) return;
  throw problem("forbidden", { detail: `This review is for the role ${assignee.data}.` });
}
