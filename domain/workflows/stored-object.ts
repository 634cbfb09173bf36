import * as z from "zod";

/** A bucket is a name within the tenant; it begins with its first object and needs no making. */
export const BucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, "has 1 to 63 lower-case letters, digits, dots and dashes")
  .meta({ example: "orders" });

// S3: a key has at most 1,024 bytes.
export const ObjectKey = z
  .string()
  .min(1)
  .refine((key) => new TextEncoder().encode(key).length <= 1_024, "has more than 1,024 bytes")
  .meta({ description: "Percent-encoded, slashes too", example: "2026/orders.csv" });

export const StoredObject = z
  .object({
    bucket: z.string(),
    key: z.string(),
    size: z.int(),
    etag: z.string(),
    uploadedAt: z.iso.datetime(),
  })
  .meta({
    id: "StoredObject",
    description: "A file that a distributed Map reads its items from, or writes its results to",
  });
export type StoredObject = z.infer<typeof StoredObject>;
