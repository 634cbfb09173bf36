import * as z from "zod";

/** A thought as Anthropic wants it back with the results of tools: by its seal it knows that the words are its own. */
export const SealedThought = z.discriminatedUnion("type", [
  z.object({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() }),
  z.object({ type: z.literal("redacted_thinking"), data: z.string() }),
]);
export type SealedThought = z.infer<typeof SealedThought>;
