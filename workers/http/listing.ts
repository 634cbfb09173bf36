import * as z from "zod";

/** The shape of every list. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().meta({ description: "Where the next page begins; null on the last" }),
  });
}
