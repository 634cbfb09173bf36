import * as z from "zod";
import { isWithin } from "./run/payload.ts";

/** Standard Webhooks: words of letters, digits and underscores, joined by dots. */
export const EventType = z
  .string()
  .max(128)
  .regex(/^\w+(?:\.\w+)*$/, "is words of letters, digits and underscores, joined by dots")
  .meta({ example: "invoice.approved" });

/** An event is news, and travels to every webhook: what is larger is asked for by who wants it. */
const MAX_DATA_BYTES = 262_144;

export const PublishEvent = z.strictObject({
  type: EventType,
  data: z
    .json()
    .refine((data) => isWithin(data, MAX_DATA_BYTES), `has at most ${MAX_DATA_BYTES} bytes as JSON`)
    .optional(),
});

export const PublishedEvent = z
  .object({
    id: z.string(),
    type: EventType,
    data: z.json(),
    runId: z.string().nullable().meta({ description: "The run that published it; null for what the platform tells" }),
    publishedAt: z.iso.datetime(),
  })
  .meta({
    id: "PublishedEvent",
    description:
      "An event that a run published with `weft:event:publish`, or that the platform tells of the tenant's own",
  });
export type PublishedEvent = z.infer<typeof PublishedEvent>;
