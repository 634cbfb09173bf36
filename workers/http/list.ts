import * as z from "zod";

/** The shape of every list. */
export function pageOfSchema<S extends z.ZodType>(item: S) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().meta({ description: "Pass it as `cursor` for the next page; null at the end" }),
  });
}
