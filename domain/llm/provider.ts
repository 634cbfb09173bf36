import * as z from "zod";
import { Price } from "./price.ts";

export const ProviderKind = z.enum(["openai", "openai-compatible", "anthropic", "workers-ai", "local"]);
export type ProviderKind = z.infer<typeof ProviderKind>;

/** What stands before the slash of `provider/model`. */
export const ProviderName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens")
  .meta({ example: "openai" });

/** Where a reasoning model may think for a minute before its first word. */
export const DEFAULT_TIMEOUT_MS = 120_000;

export const PutProvider = z
  .strictObject({
    kind: ProviderKind,
    baseUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional()
      .describe("Needed for `openai-compatible`; the kind's own API where absent."),
    apiKey: z
      .string()
      .regex(/^[\x21-\x7e]{1,4096}$/, "must be visible ASCII characters, at most 4096")
      .optional()
      .describe("Kept encrypted and never returned. Absent keeps the stored one."),
    timeoutMs: z.int().min(100).max(600_000).default(DEFAULT_TIMEOUT_MS),
    prices: z
      .record(z.string().min(1).max(256), Price)
      .optional()
      .describe("By model; they go before the built-in table."),
    countsRateLimits: z
      .boolean()
      .default(true)
      .describe("Whether the answer 429 counts as a failure that may open a circuit breaker."),
  })
  .meta({ id: "PutProvider", example: { kind: "openai", apiKey: "sk-..." } });
export type PutProvider = z.infer<typeof PutProvider>;

export const Provider = z
  .strictObject({
    name: ProviderName,
    kind: ProviderKind,
    baseUrl: z.string().nullable(),
    hasApiKey: z.boolean(),
    timeoutMs: z.int(),
    prices: z.record(z.string(), Price),
    countsRateLimits: z.boolean(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "Provider" });
export type Provider = z.infer<typeof Provider>;
