import * as z from "zod";

/** Standard Webhooks: words of letters, digits and underscores, joined by dots. */
export const EventType = z
  .string()
  .max(128)
  .regex(/^\w+(?:\.\w+)*$/, "is words of letters, digits and underscores, joined by dots")
  .meta({ example: "invoice.approved" });

export const PublishEvent = z.strictObject({ type: EventType, data: z.json().optional() });

export const PublishedEvent = z
  .object({
    id: z.string(),
    type: EventType,
    data: z.json(),
    runId: z.string(),
    publishedAt: z.iso.datetime(),
  })
  .meta({ id: "PublishedEvent", description: "An event that a run published with `weft:event:publish`" });
export type PublishedEvent = z.infer<typeof PublishedEvent>;
