import * as z from "zod";
import { EventFilter } from "./event-filter.ts";
import { EventType } from "./published-event.ts";
import { isWithin } from "./run/payload.ts";
import { WorkflowName } from "./workflow.ts";

/** A filter is looked at for every event of its type. */
const MAX_FILTER_BYTES = 4_096;

const target = {
  eventType: EventType,
  filter: EventFilter.refine(
    (filter) => isWithin(filter, MAX_FILTER_BYTES),
    `has at most ${MAX_FILTER_BYTES} bytes as JSON`,
  ).nullable(),
  workflow: WorkflowName,
  version: z.int().positive().nullable(),
  alias: z.string().min(1).max(80).nullable(),
  enabled: z.boolean(),
};
const name = z.string().min(1).max(80);

export const NewTrigger = z
  .strictObject({
    ...target,
    name: name.optional(),
    filter: target.filter.optional(),
    version: target.version.optional(),
    alias: target.alias.optional(),
    enabled: target.enabled.default(true),
  })
  .meta({
    id: "NewTrigger",
    example: { eventType: "model.drift_detected", filter: { subject: ["answers"] }, workflow: "evaluate-model" },
  });
export type NewTrigger = z.infer<typeof NewTrigger>;

export const TriggerPatch = z
  .strictObject({ ...target, name })
  .partial()
  .meta({ id: "TriggerPatch", example: { enabled: false } });
export type TriggerPatch = z.infer<typeof TriggerPatch>;

const time = z.iso.datetime();

export const Trigger = z
  .object({
    id: z.string(),
    name,
    ...target,
    lastEventId: z.string().nullable().meta({ description: "The last event that it answered" }),
    lastAt: time.nullable(),
    lastRunId: z.string().nullable(),
    lastError: z.string().nullable().meta({ description: "Why the last event started nothing" }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({
    id: "Trigger",
    description: "Starts a workflow for every event of a type; the run's input is the event",
  });
export type Trigger = z.infer<typeof Trigger>;
