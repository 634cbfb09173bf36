import * as z from "zod";

/** What made a vector. Vectors of different embedders are never compared. */
export const EmbedderIdentity = z
  .strictObject({
    model: z.string().min(1).max(200),
    version: z.string().max(50),
    dimensions: z.int().min(1).max(4_096),
  })
  .meta({ id: "EmbedderIdentity" });
export type EmbedderIdentity = z.infer<typeof EmbedderIdentity>;

export function sameEmbedder(a: EmbedderIdentity, b: EmbedderIdentity): boolean {
  return a.model === b.model && a.version === b.version && a.dimensions === b.dimensions;
}
