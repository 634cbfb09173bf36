import * as z from "zod";
import { isWithin } from "./run/payload.ts";
import { WorkflowName } from "./workflow.ts";

/** What happens at a tick while the run of an earlier one still goes on. */
export const OverlapPolicy = z.enum(["allow", "skip", "buffer-one"]).meta({
  id: "OverlapPolicy",
  description: "`skip` drops the tick, `buffer-one` starts the newest such tick once the run has ended",
});
export type OverlapPolicy = z.infer<typeof OverlapPolicy>;

/** What happens to ticks that nobody was there for. */
export const MissedPolicy = z.enum(["skip", "latest", "all"]).meta({
  id: "MissedPolicy",
  description:
    "Ticks that passed while the platform was down: none, the newest, or each (the newest hundred) is made up",
});
export type MissedPolicy = z.infer<typeof MissedPolicy>;

// ASL: the longest input of a run.
const MAX_INPUT_BYTES = 262_144;

const target = {
  workflow: WorkflowName,
  version: z.int().positive().nullable(),
  alias: z.string().min(1).max(80).nullable(),
  cron: z.string().min(1).max(200).meta({ example: "30 8 * * mon-fri" }),
  timezone: z.string().min(1).max(64).meta({ example: "Europe/Berlin", description: "IANA name" }),
  input: z.json().refine((input) => isWithin(input, MAX_INPUT_BYTES), `has at most ${MAX_INPUT_BYTES} bytes as JSON`),
  overlap: OverlapPolicy,
  missed: MissedPolicy,
  enabled: z.boolean(),
};
const name = z.string().min(1).max(80);

export const NewSchedule = z
  .strictObject({
    ...target,
    name: name.optional(),
    version: target.version.optional(),
    alias: target.alias.optional(),
    timezone: target.timezone.default("UTC"),
    input: target.input.optional(),
    overlap: target.overlap.default("allow"),
    missed: target.missed.default("latest"),
    enabled: target.enabled.default(true),
  })
  .meta({
    id: "NewSchedule",
    example: { workflow: "daily-digest", cron: "30 8 * * mon-fri", timezone: "Europe/Berlin", input: {} },
  });
export type NewSchedule = z.infer<typeof NewSchedule>;

export const SchedulePatch = z
  .strictObject({ ...target, name })
  .partial()
  .meta({ id: "SchedulePatch", example: { enabled: false } });
export type SchedulePatch = z.infer<typeof SchedulePatch>;

const time = z.iso.datetime();

export const Schedule = z
  .object({
    id: z.string(),
    name,
    ...target,
    nextAt: time.nullable().meta({ description: "The next start; null while disabled, or where none follows" }),
    lastAt: time.nullable().meta({ description: "The last tick that was answered" }),
    lastRunId: z.string().nullable(),
    lastError: z.string().nullable().meta({ description: "Why the last tick started nothing" }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Schedule", description: "Starts of a workflow by the clock" });
export type Schedule = z.infer<typeof Schedule>;
