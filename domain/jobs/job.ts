import * as z from "zod";
import { TaskStatus } from "./message.ts";

const time = z.iso.datetime();

export const Job = z
  .object({
    id: z.string().meta({ example: "job_01m9t6r3a8k2p0x4c7v5b1n9q6" }),
    type: z.string().meta({ example: "document.ingest" }),
    status: TaskStatus,
    attempts: z.int(),
    progress: z.number().min(0).max(1),
    subject: z.record(z.string(), z.json()).meta({ description: "What the job is about" }),
    result: z.json().optional(),
    error: z.string().optional(),
    cause: z.string().optional(),
    createdAt: time,
    availableAt: time
      .nullable()
      .meta({ description: "When it may begin, or be tried again; null unless it is queued" }),
    finishedAt: time.nullable(),
  })
  .meta({ id: "Job", description: "Work that goes on after its request was answered" });
export type Job = z.infer<typeof Job>;
