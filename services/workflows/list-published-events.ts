import { and, desc, eq } from "drizzle-orm";
import * as z from "zod";
import { type Page, PageRequest, pageOf } from "../../domain/kernel/page.ts";
import { isoTime } from "../../domain/kernel/time.ts";
import { EventType, type PublishedEvent } from "../../domain/workflows/published-event.ts";
import { requirePermission, type ServiceContext } from "../context.ts";
import { olderThan } from "../keyset.ts";
import { publishedEvents } from "./table.ts";

export const ListPublishedEvents = z.strictObject({ ...PageRequest.shape, type: EventType.optional() });
export type ListPublishedEvents = z.infer<typeof ListPublishedEvents>;

/** What the tenant's runs published, and what the platform told, newest first. */
export async function listPublishedEvents(
  ctx: ServiceContext,
  query: ListPublishedEvents,
): Promise<Page<PublishedEvent>> {
  requirePermission(ctx, "runs:read");
  const rows = await ctx.db
    .select()
    .from(publishedEvents)
    .where(
      and(
        eq(publishedEvents.tenantId, ctx.tenant.id),
        query.type === undefined ? undefined : eq(publishedEvents.type, query.type),
        olderThan(publishedEvents.publishedAt, publishedEvents.id, query.cursor),
      ),
    )
    .orderBy(desc(publishedEvents.publishedAt), desc(publishedEvents.id))
    .limit(query.limit + 1);
  return pageOf(rows, query.limit, (row) => [String(row.publishedAt), row.id], toPublishedEvent);
}

export function toPublishedEvent({
  id,
  type,
  data,
  runId,
  publishedAt,
}: typeof publishedEvents.$inferSelect): PublishedEvent {
  return { id, type, data, runId: runId === "" ? null : runId, publishedAt: isoTime(publishedAt) };
}
