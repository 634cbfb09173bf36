import * as z from "zod";

export const GiveFeedback = z
  .strictObject({
    target: z
      .string()
      .min(1)
      .max(200)
      .describe("What is rated: the `x-request-id` of an answer, or the id of a run, a message or a turn."),
    rating: z.int().min(1).max(5).describe("1 is useless, 5 is what was hoped for."),
    comment: z.string().trim().max(2_000).optional(),
  })
  .meta({
    id: "GiveFeedback",
    example: { target: "req_01m81eeya4bj4mn17yz4g9dwta", rating: 4, comment: "Right, but long." },
  });
export type GiveFeedback = z.infer<typeof GiveFeedback>;

export const Feedback = z
  .strictObject({
    id: z.string(),
    target: z.string(),
    rating: z.int(),
    comment: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "Feedback" });
export type Feedback = z.infer<typeof Feedback>;
