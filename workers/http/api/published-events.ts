import { PublishedEvent } from "../../../domain/workflows/published-event.ts";
import { ListPublishedEvents, listPublishedEvents } from "../../../services/workflows/list-published-events.ts";
import { listOf } from "../listing.ts";
import { reply, routes } from "../operation.ts";

export const publishedEvents = routes();

publishedEvents.add(
  {
    method: "get",
    path: "/v1/events",
    id: "listPublishedEvents",
    tag: "Runs",
    summary: "Events that runs published or the platform told, newest first",
    access: "runs:read",
    query: ListPublishedEvents,
    returns: { 200: listOf(PublishedEvent) },
  },
  async ({ ctx, query }) => reply(200, await listPublishedEvents(ctx, query)),
);
