import * as z from "zod";
import { BreakerState } from "../kernel/circuit-breaker.ts";

export const BreakerView = z
  .strictObject({
    kind: z
      .enum(["model", "endpoint"])
      .describe("An endpoint is what tasks of runs call: a function or another address."),
    provider: z.string().describe("Of an endpoint: `endpoint`."),
    model: z.string().describe("Of an endpoint: its origin."),
    state: BreakerState,
    openedAt: z.iso.datetime().nullable(),
    failureRate: z.number().describe("Of the calls of the last minute, between 0 and 1."),
    calls: z.int().describe("Calls of the last minute, as far as they were told."),
    opens: z.int().describe("How often it has opened."),
  })
  .meta({
    id: "Breaker",
    example: {
      kind: "model",
      provider: "openai",
      model: "gpt-5-mini",
      state: "open",
      openedAt: "2026-11-22T10:00:00.000Z",
      failureRate: 0.8,
      calls: 20,
      opens: 1,
    },
  });
export type BreakerView = z.infer<typeof BreakerView>;
