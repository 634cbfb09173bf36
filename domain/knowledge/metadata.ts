import * as z from "zod";

export const MetadataScalar = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]);
export type MetadataScalar = z.infer<typeof MetadataScalar>;

/** Names that a filter could not tell from its own operators are refused when they are written. */
const MetadataKey = z
  .string()
  .min(1)
  .max(64)
  .refine((key) => !key.startsWith("$") && !key.includes(".") && !key.includes('"') && key !== "__proto__", {
    message: 'a metadata key may not start with "$" nor contain "." or a quote',
  });

/** Vectorize keeps 10 KiB of metadata a vector; an index that accepted more could not be moved there. */
const MAX_METADATA_BYTES = 8_192;

export const Metadata = z
  .record(MetadataKey, z.union([MetadataScalar, z.array(MetadataScalar).max(100)]))
  .refine((metadata) => JSON.stringify(metadata).length <= MAX_METADATA_BYTES, {
    message: `metadata may hold ${MAX_METADATA_BYTES} characters of JSON`,
  })
  .meta({ id: "Metadata", description: "Flat facts about a document that searches can filter on." });
export type Metadata = z.infer<typeof Metadata>;
